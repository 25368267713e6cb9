//! What one layer (the file, the environment or the flags) says; silence is `None`.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use super::{one_or_many::one_or_many, remote_write::PartialRemoteWrite, secret::Secret};
use crate::metrics::{CategoryRule, relabel::RelabelConfig};

/// Defines [`PartialSettings`] from its fields, so that a new key is merged, and has an origin, without being listed
/// again.
macro_rules! partial_settings {
    ($($(#[$attribute:meta])* $field:ident: $value:ty,)+) => {
        /// The settings as written in one layer, not yet validated.
        #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct PartialSettings {
            $($(#[$attribute])* pub $field: Option<$value>,)+
        }

        impl PartialSettings {
            /// Returns these settings, and `weaker` ones for the keys that these leave open.
            #[must_use]
            pub fn or(self, weaker: Self) -> Self {
                Self { $($field: self.$field.or(weaker.$field),)+ }
            }

            /// Returns the keys that this layer sets, spelled as in the file.
            pub(super) fn keys(&self) -> impl Iterator<Item = String> {
                [$((stringify!($field), self.$field.is_some()),)+]
                    .into_iter()
                    .filter(|(_, set)| *set)
                    .map(|(field, _)| field.replace('_', "-"))
            }
        }
    };
}

partial_settings! {
    /// Addresses of ActivityWatch servers.
    #[serde(deserialize_with = "one_or_many")]
    aw_url: Vec<Secret>,
    /// Key of the ActivityWatch servers.
    aw_api_key: Secret,
    /// A file that holds the key.
    aw_api_key_file: PathBuf,
    /// Address of the first remote-write destination.
    prometheus_url: Secret,
    /// Remote-write destinations.
    #[serde(deserialize_with = "one_or_many")]
    remote_write: Vec<PartialRemoteWrite>,
    /// When to sync.
    cron: String,
    /// Patterns of the watchers to leave out.
    #[serde(deserialize_with = "one_or_many")]
    excluded_watchers: Vec<String>,
    /// Patterns of the only watchers to take; an empty list takes all.
    #[serde(deserialize_with = "one_or_many")]
    included_watchers: Vec<String>,
    /// Events that a bucket needs.
    min_data: usize,
    /// Value of the label `user`.
    #[serde(alias = "userId")]
    user_id: String,
    /// Age at which time is final.
    settle: String,
    /// How far back the first pass goes.
    history: String,
    /// Shortest pause that is a break.
    min_break: String,
    /// When a day begins.
    start_of_day: String,
    /// Whether buckets synced from other machines are taken.
    synced_buckets: bool,
    /// How many label sets a device may have on a day.
    series_budget: usize,
    /// A file of categories in place of the server's.
    categories_file: PathBuf,
    /// How much is logged.
    log_level: String,
    /// Labels put on every series.
    labels: BTreeMap<String, String>,
    /// New names of hosts.
    hosts: BTreeMap<String, String>,
    /// Categories of one's own.
    #[serde(deserialize_with = "one_or_many")]
    category: Vec<CategoryRule>,
    /// Rules on labels, in the order in which they are applied.
    #[serde(deserialize_with = "one_or_many")]
    relabel: Vec<RelabelConfig>,
    /// Whether ActivityWatch's testing instance is meant; a flag only, since it chooses the file.
    #[serde(skip)]
    testing: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron(cron: &str) -> PartialSettings {
        PartialSettings {
            cron: Some(cron.to_owned()),
            ..PartialSettings::default()
        }
    }

    #[test]
    fn the_leftmost_layer_that_speaks_wins_key_by_key() {
        let strong = cron("@hourly");
        let weak = PartialSettings {
            min_data: Some(7),
            ..cron("@daily")
        };
        let merged = strong.clone().or(PartialSettings::default()).or(weak);
        let expected = PartialSettings {
            min_data: Some(7),
            ..strong
        };
        assert_eq!(merged, expected);
    }

    #[test]
    fn keys_are_those_set_in_the_spelling_of_the_file() {
        let partial = PartialSettings {
            min_data: Some(7),
            ..cron("@daily")
        };
        assert_eq!(partial.keys().collect::<Vec<_>>(), ["cron", "min-data"]);
    }

    #[test]
    fn one_entry_counts_as_a_list_of_one() {
        let text: PartialSettings =
            toml::from_str("aw-url = 'http://a'\nremote-write.url = 'http://b'").unwrap();
        let list: PartialSettings =
            toml::from_str("aw-url = ['http://a']\n[[remote-write]]\nurl = 'http://b'").unwrap();
        assert_eq!(text, list);
    }

    #[test]
    fn the_predecessors_spelling_of_the_user_is_accepted() {
        let partial: PartialSettings = toml::from_str("userId = 'ada'").unwrap();
        assert_eq!(partial.user_id.as_deref(), Some("ada"));
    }
}
