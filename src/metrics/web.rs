//! `aw_web_seconds{browser,domain,audible,active}`: which sites were in front, from buckets of type `web.tab.current`.

use reqwest::Url;

use super::{EventLabels, UNKNOWN};
use crate::activitywatch::{Bucket, Event};

/// Of an address only the domain leaves, of an incognito tab only its time.
pub(super) fn labels(bucket: &Bucket, event: &Event) -> EventLabels {
    let domain = if event.flag("incognito") {
        "(incognito)".to_owned()
    } else {
        event.text("url").map_or_else(|| UNKNOWN.to_owned(), domain)
    };
    vec![
        ("__name__", "aw_web_seconds".to_owned()),
        ("browser", browser(bucket, event)),
        ("domain", domain),
        ("audible", event.flag("audible").to_string()),
    ]
}

/// Returns the browser's name: Android's events carry it, elsewhere it is part of the bucket's id,
/// `aw-watcher-web-firefox_laptop`, or `aw-watcher-web-firefox` in buckets of older extensions.
fn browser(bucket: &Bucket, event: &Event) -> String {
    let of_bucket = || {
        let name = bucket.id.strip_prefix("aw-watcher-web-")?;
        let name = name
            .strip_suffix(&bucket.hostname)
            .and_then(|name| name.strip_suffix('_'))
            .unwrap_or(name);
        name.split('_').next().filter(|name| !name.is_empty())
    };
    event
        .text("browser")
        .or_else(of_bucket)
        .unwrap_or(UNKNOWN)
        .to_owned()
}

/// Returns the host of `address` without user, port and a leading `www.`; the scheme of an address without a host.
fn domain(address: &str) -> String {
    let Ok(url) = Url::parse(address) else {
        return UNKNOWN.to_owned();
    };
    match url.host_str().filter(|host| !host.is_empty()) {
        Some(host) => host.strip_prefix("www.").unwrap_or(host).to_owned(),
        None => url.scheme().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::timeline::{Interval, Time};

    #[test]
    fn only_the_domain_of_an_address_leaves() {
        let cases = [
            (
                "https://ada:secret@www.example.org:8443/private?q=1#x",
                "example.org",
            ),
            ("https://docs.example.org/", "docs.example.org"),
            ("http://127.0.0.1:5600/#/timeline", "127.0.0.1"),
            ("http://[::1]:5600/", "[::1]"),
            ("about:newtab", "about"),
            ("file:///home/ada/diary.txt", "file"),
            ("data:text/plain,secret", "data"),
            ("chrome://settings/", "settings"),
            ("not an address", "unknown"),
        ];
        for (address, expected) in cases {
            assert_eq!(domain(address), expected, "{address}");
        }
    }

    fn labels_of(id: &str, hostname: &str, data: serde_json::Value) -> EventLabels {
        let serde_json::Value::Object(data) = data else {
            unreachable!("an object literal")
        };
        let bucket = Bucket {
            id: id.to_owned(),
            kind: "web.tab.current".to_owned(),
            client: "aw-client-web".to_owned(),
            hostname: hostname.to_owned(),
            synced: false,
        };
        labels(
            &bucket,
            &Event {
                id: None,
                interval: Interval::new(Time::EPOCH, Time::EPOCH),
                data: data.into(),
            },
        )
    }

    #[test]
    fn the_browser_comes_from_the_event_or_the_bucket() {
        let browser = |id, hostname, data| labels_of(id, hostname, data)[1].1.clone();
        assert_eq!(
            browser("aw-watcher-web-firefox_my_host", "my_host", json!({})),
            "firefox"
        );
        assert_eq!(
            browser("aw-watcher-web-chrome", "unknown", json!({})),
            "chrome"
        );
        assert_eq!(
            browser("aw-watcher-web-edge_renamed", "laptop", json!({})),
            "edge"
        );
        assert_eq!(
            browser(
                "aw-watcher-android-web",
                "phone",
                json!({"browser": "Firefox"})
            ),
            "Firefox"
        );
        assert_eq!(browser("something-else", "laptop", json!({})), "unknown");
    }

    #[test]
    fn an_incognito_tab_keeps_only_its_time() {
        let labels = labels_of(
            "aw-watcher-web-firefox",
            "",
            json!({"url": "https://example.org", "incognito": true}),
        );
        assert_eq!(labels[2], ("domain", "(incognito)".to_owned()));
    }
}
