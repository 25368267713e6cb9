//! The layer between the file and the flags: environment variables.

use super::{
    error::{Problem, SettingsError},
    origin::Origin,
    partial::PartialSettings,
    secret::Secret,
};

/// Each key that has an environment variable, with its name. `LOG_LEVEL` is not among them: the log must work before there are settings.
pub const VARIABLES: [(&str, &str); 8] = [
    ("aw-url", "ACTIVITY_WATCH_URL"),
    ("aw-api-key", "AW_API_KEY"),
    ("prometheus-url", "PROMETHEUS_URL"),
    ("cron", "CRON"),
    ("excluded-watchers", "EXCLUDED_WATCHERS"),
    ("included-watchers", "INCLUDED_WATCHERS"),
    ("min-data", "MIN_DATA"),
    ("user-id", "USER_ID"),
];

/// Returns the variable that sets `key`, if there is one.
pub(super) fn variable(key: &str) -> Option<&'static str> {
    VARIABLES
        .iter()
        .find_map(|(with_variable, name)| (*with_variable == key).then_some(*name))
}

/// Reads the variables through `lookup`; a blank one counts as unset.
///
/// # Errors
/// [`SettingsError::Invocation`] when `MIN_DATA` is not a whole number.
pub(super) fn read(
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<PartialSettings, SettingsError> {
    let text = |key| {
        lookup(variable(key)?)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    };
    Ok(PartialSettings {
        aw_url: text("aw-url").map(|list| entries(&list, ',').map(Secret::from).collect()),
        aw_api_key: text("aw-api-key").map(Secret::from),
        prometheus_url: text("prometheus-url").map(Secret::from),
        cron: text("cron"),
        excluded_watchers: text("excluded-watchers")
            .map(|list| entries(&list, '|').map(str::to_owned).collect()),
        included_watchers: text("included-watchers")
            .map(|list| entries(&list, '|').map(str::to_owned).collect()),
        min_data: text("min-data")
            .map(|value| whole_number("min-data", value))
            .transpose()?,
        user_id: text("user-id"),
        ..PartialSettings::default()
    })
}

fn entries(list: &str, separator: char) -> impl Iterator<Item = &str> {
    list.split(separator)
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

fn whole_number(key: &'static str, value: String) -> Result<usize, SettingsError> {
    value.parse().map_err(|_| {
        let origin = variable(key).map_or(Origin::Default, Origin::Environment);
        SettingsError::new(origin, Problem::Number { key, value })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &'static str, value: &'static str) -> impl Fn(&str) -> Option<String> {
        move |asked| (asked == name).then(|| value.to_owned())
    }

    #[test]
    fn each_variable_sets_its_key() {
        for (key, name) in VARIABLES {
            let partial = read(one(name, "5")).unwrap();
            assert_eq!(partial.keys().collect::<Vec<_>>(), [key]);
        }
    }

    #[test]
    fn a_blank_variable_counts_as_unset() {
        for (_, name) in VARIABLES {
            assert_eq!(read(one(name, " ")).unwrap(), PartialSettings::default());
        }
    }

    #[test]
    fn lists_are_split() {
        let urls = read(one("ACTIVITY_WATCH_URL", "http://a, http://b,"))
            .unwrap()
            .aw_url
            .unwrap();
        assert_eq!(urls, [Secret::from("http://a"), Secret::from("http://b")]);
        let watchers = read(one(
            "EXCLUDED_WATCHERS",
            "aw-watcher-vim | aw-watcher-web-*||",
        ))
        .unwrap();
        assert_eq!(
            watchers.excluded_watchers.unwrap(),
            ["aw-watcher-vim", "aw-watcher-web-*"]
        );
    }

    #[test]
    fn what_is_not_a_number_is_named() {
        insta::assert_snapshot!(read(one("MIN_DATA", "few")).unwrap_err(), @"
        environment variable MIN_DATA: `min-data`: `few` is not a whole number
        hint: write it in digits, like `5`
        ");
    }
}
