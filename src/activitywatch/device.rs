use std::collections::{BTreeMap, BTreeSet};

use super::Bucket;
use super::bucket::are_rivals;

/// The machine that Android's watchers write for; they do not know its name.
const ANDROID: &str = "android";

/// All buckets of one server that were written on the same machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The name of the machine, as it ends in the label `host`.
    pub host: String,
    /// The name of the machine, as ActivityWatch has it.
    pub machine: String,
    /// Its buckets, at most one of windows and one of the AFK state.
    pub buckets: Vec<Bucket>,
}

/// Groups the buckets of one server by machine, ascending by host; a notice tells what was left out.
///
/// Buckets without a hostname belong to `server_hostname`, the machine of the server itself, except Android's. `rename`
/// returns another name for a machine, if it has one. Of several window or AFK buckets of a machine one counts, since a
/// second one would count its time twice: the first by id, and the AFK watcher's before one that watches the lid.
pub fn devices(
    buckets: impl IntoIterator<Item = Bucket>,
    server_hostname: &str,
    rename: impl Fn(&str) -> Option<String>,
) -> (Vec<Device>, BTreeSet<String>) {
    let mut buckets: Vec<Bucket> = buckets.into_iter().collect();
    buckets.sort_by(|one, other| {
        let rank = |bucket: &Bucket| bucket.kind == "systemafkstatus";
        (rank(one), &one.id).cmp(&(rank(other), &other.id))
    });
    let mut devices = BTreeMap::<String, Device>::new();
    let mut notices = BTreeSet::new();
    for bucket in buckets {
        let machine = machine(&bucket, server_hostname).to_owned();
        let host = rename(&machine).unwrap_or_else(|| machine.clone());
        let empty = || Device {
            host: host.clone(),
            machine,
            buckets: Vec::new(),
        };
        let device = devices.entry(host.clone()).or_insert_with(empty);
        let rival = device
            .buckets
            .iter()
            .find(|other| are_rivals(&other.kind, &bucket.kind));
        if let Some(rival) = rival {
            notices.insert(format!(
                "bucket `{}` is left out: `{}` holds the same kind of events of `{host}`\nhint: name the one that you do not want in `excluded-watchers`",
                bucket.id, rival.id
            ));
        } else {
            device.buckets.push(bucket);
        }
    }
    (devices.into_values().collect(), notices)
}

fn machine<'a>(bucket: &'a Bucket, server_hostname: &'a str) -> &'a str {
    if bucket.id.starts_with("aw-watcher-android") {
        ANDROID
    } else if matches!(bucket.hostname.as_str(), "" | "unknown") {
        server_hostname
    } else {
        &bucket.hostname
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(id: &str, kind: &str, hostname: &str) -> Bucket {
        Bucket {
            id: id.to_owned(),
            kind: kind.to_owned(),
            client: "test".to_owned(),
            hostname: hostname.to_owned(),
            synced: false,
        }
    }

    fn grouped(
        buckets: Vec<Bucket>,
        hosts: &[(&str, &str)],
    ) -> (Vec<(String, Vec<String>)>, Vec<String>) {
        let rename = |machine: &str| {
            hosts
                .iter()
                .find(|(from, _)| *from == machine)
                .map(|(_, to)| (*to).to_owned())
        };
        let (devices, notices) = devices(buckets, "server", rename);
        let ids = |device: Device| {
            (
                device.host,
                device.buckets.into_iter().map(|bucket| bucket.id).collect(),
            )
        };
        (
            devices.into_iter().map(ids).collect(),
            notices.into_iter().collect(),
        )
    }

    #[test]
    fn buckets_are_grouped_by_machine() {
        let (devices, notices) = grouped(
            vec![
                bucket("aw-stopwatch", "general.stopwatch", "unknown"),
                bucket("aw-watcher-afk_laptop", "afkstatus", "laptop"),
                bucket("aw-watcher-android-test", "currentwindow", "unknown"),
                bucket(
                    "aw-watcher-window_laptop.local",
                    "currentwindow",
                    "laptop.local",
                ),
            ],
            &[("laptop.local", "laptop")],
        );
        let expected = [
            ("android", vec!["aw-watcher-android-test"]),
            (
                "laptop",
                vec!["aw-watcher-afk_laptop", "aw-watcher-window_laptop.local"],
            ),
            ("server", vec!["aw-stopwatch"]),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(host, ids)| {
                (
                    host.to_owned(),
                    ids.into_iter().map(str::to_owned).collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(devices, expected);
        assert_eq!(notices, Vec::<String>::new());
    }

    #[test]
    fn of_two_window_buckets_the_first_counts() {
        let (devices, notices) = grouped(
            vec![
                bucket("a", "currentwindow", "laptop"),
                bucket("b", "currentwindow", "laptop"),
                bucket("c", "web.tab.current", "laptop"),
                bucket("d", "web.tab.current", "laptop"),
            ],
            &[],
        );
        assert_eq!(
            devices,
            [(
                "laptop".to_owned(),
                vec!["a".to_owned(), "c".to_owned(), "d".to_owned()]
            )]
        );
        assert_eq!(
            notices,
            [
                "bucket `b` is left out: `a` holds the same kind of events of `laptop`\nhint: name the one that you do not want in `excluded-watchers`"
            ]
        );
    }
}
