use crate::activitywatch::Bucket;

/// A browser as ActivityWatch knows it: by a name in the ids of web buckets, and by the apps of window events.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Browser {
    name: &'static str,
    /// Apps, as they are written.
    apps: &'static [&'static str],
    /// What further apps look like, in small letters: upper and lower case are the same there.
    like: Like,
}

#[derive(Debug, PartialEq, Eq)]
enum Like {
    StartsWith(&'static [&'static str]),
    Contains(&'static [&'static str]),
    Is(&'static [&'static str]),
}

/// In the order in which ActivityWatch looks for their names.
///
/// The web UI of 2026 knows application ids and a pattern for each browser (`queries.ts`), released ones and aw-client
/// 0.5.15 know lists of apps (`queries.py`). A user may run either, and the lists contradict nowhere, so both count.
const BROWSERS: &[Browser] = &[
    Browser {
        name: "chrome",
        apps: &[
            "com.google.Chrome",
            "com.google.ChromeDev",
            "org.chromium.Chromium",
            // Released ones count it here, and the pattern of `brave` matches it, too.
            "Brave-browser",
        ],
        like: Like::StartsWith(&[
            "google-chrome",
            "google_chrome",
            "google chrome",
            "googlechrome",
            "chrome",
            "chromium",
        ]),
    },
    Browser {
        name: "firefox",
        apps: &[
            "org.mozilla.firefox",
            "io.gitlab.librewolf-community",
            "net.waterfox.waterfox",
        ],
        like: Like::Contains(&["firefox", "librewolf", "waterfox", "nightly"]),
    },
    Browser {
        name: "opera",
        apps: &["com.opera.Opera"],
        like: Like::Contains(&["opera"]),
    },
    Browser {
        name: "brave",
        apps: &["com.brave.Browser"],
        like: Like::Contains(&["brave"]),
    },
    Browser {
        name: "edge",
        apps: &["com.microsoft.Edge", "com.microsoft.EdgeDev"],
        like: Like::StartsWith(&[
            "microsoft-edge",
            "microsoft_edge",
            "microsoft edge",
            "microsoftedge",
            "msedge",
        ]),
    },
    Browser {
        name: "arc",
        apps: &[],
        like: Like::Is(&["arc", "arc.exe"]),
    },
    Browser {
        name: "vivaldi",
        apps: &["com.vivaldi.Vivaldi"],
        like: Like::Contains(&["vivaldi"]),
    },
    Browser {
        name: "orion",
        apps: &["Orion"],
        like: Like::Contains(&["orion"]),
    },
    Browser {
        name: "yandex",
        apps: &["ru.yandex.Browser"],
        like: Like::Contains(&["yandex"]),
    },
    Browser {
        name: "zen",
        apps: &["app.zen_browser.zen"],
        like: Like::Contains(&["zen"]),
    },
    Browser {
        name: "floorp",
        apps: &["one.ablaze.floorp"],
        like: Like::Contains(&["floorp"]),
    },
    Browser {
        name: "helium",
        apps: &["net.imput.helium"],
        like: Like::Contains(&["helium"]),
    },
];

impl Browser {
    /// Returns the browser that writes a web bucket: the first whose name is part of the bucket's id.
    ///
    /// The hostname at its end does not count. To ActivityWatch it does, so that on a machine called `chromebook` it
    /// takes Firefox' tabs for Chrome's as well. `None` for browsers that ActivityWatch does not know, Safari for one:
    /// it leaves their tabs out.
    pub(super) fn of(bucket: &Bucket) -> Option<&'static Self> {
        let own = bucket.id.split("-synced-from-").next().unwrap_or_default();
        let own = own
            .strip_suffix(&bucket.hostname)
            .and_then(|id| id.strip_suffix('_'))
            .unwrap_or(own);
        BROWSERS.iter().find(|browser| own.contains(browser.name))
    }

    /// Returns a regex, for Python as for Rust, that finds something in the apps of which [`Self::is_app`] holds.
    pub(super) fn pattern(&self) -> String {
        let each = |texts: &[&str], around: fn(&str) -> String| {
            let escaped = texts.iter().map(|text| around(&regex::escape(text)));
            escaped.collect::<Vec<_>>().join("|")
        };
        let like = match self.like {
            Like::StartsWith(starts) => each(starts, |start| format!("^{start}")),
            Like::Contains(parts) => each(parts, str::to_owned),
            Like::Is(names) => each(names, |name| format!("^{name}$")),
        };
        let like = format!("(?i:{like})");
        if self.apps.is_empty() {
            return like;
        }
        format!("{}|{like}", each(self.apps, |app| format!("^{app}$")))
    }

    /// Whether the app of a window event is this browser.
    pub(super) fn is_app(&self, app: &str) -> bool {
        let small = app.to_ascii_lowercase();
        self.apps.contains(&app)
            || match self.like {
                Like::StartsWith(starts) => starts.iter().any(|start| small.starts_with(start)),
                Like::Contains(parts) => parts.iter().any(|part| small.contains(part)),
                Like::Is(names) => names.contains(&small.as_str()),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> &'static Browser {
        BROWSERS
            .iter()
            .find(|browser| browser.name == name)
            .unwrap()
    }

    #[test]
    fn the_pattern_finds_the_apps_that_count() {
        let apps = BROWSERS
            .iter()
            .flat_map(|browser| browser.apps.iter().copied());
        let others = [
            "firefox",
            "Mozilla Firefox",
            "FIREFOX.EXE",
            "Google-chrome",
            "not chrome",
            "Chromium",
            "msedge.exe",
            "Arc",
            "arc.exe",
            "search",
            "comXgoogleXChrome",
            "orion",
            "zenity",
            "vim",
            "",
        ];
        for app in apps.chain(others) {
            for browser in BROWSERS {
                let pattern = regex::Regex::new(&browser.pattern()).unwrap();
                assert_eq!(
                    pattern.is_match(app),
                    browser.is_app(app),
                    "{app} {browser:?}"
                );
            }
        }
    }

    #[test]
    fn a_bucket_belongs_to_the_browser_in_its_id() {
        let cases = [
            ("aw-watcher-web-firefox_laptop", "laptop", Some("firefox")),
            ("aw-watcher-web-firefox", "unknown", Some("firefox")),
            ("aw-watcher-web-firefox", "", Some("firefox")),
            (
                "aw-watcher-web-firefox_chromebook",
                "chromebook",
                Some("firefox"),
            ),
            (
                "aw-watcher-web-firefox_chromebook-synced-from-chromebook",
                "chromebook",
                Some("firefox"),
            ),
            ("aw-watcher-web-chrome_zenbook", "zenbook", Some("chrome")),
            ("aw-watcher-web-zen", "unknown", Some("zen")),
            ("aw-watcher-web-safari_laptop", "laptop", None),
            ("aw-watcher-web-unknown_arch", "arch", None),
        ];
        for (id, hostname, expected) in cases {
            let bucket = Bucket {
                id: id.to_owned(),
                kind: "web.tab.current".to_owned(),
                client: "aw-client-web".to_owned(),
                hostname: hostname.to_owned(),
                synced: false,
            };
            assert_eq!(
                Browser::of(&bucket).map(|browser| browser.name),
                expected,
                "{id}"
            );
        }
    }

    /// The lists of aw-client 0.5.15, as far as the patterns of the web UI have to hold them.
    #[test]
    fn every_app_of_released_versions_is_known() {
        let apps: &[(&str, &[&str])] = &[
            (
                "chrome",
                &[
                    "Google Chrome",
                    "Google-chrome",
                    "chrome.exe",
                    "google-chrome-stable",
                    "Chromium",
                    "Chromium-browser",
                    "Chromium-browser-chromium",
                    "chromium.exe",
                    "Google-chrome-beta",
                    "Google-chrome-unstable",
                    "Brave-browser",
                ],
            ),
            (
                "firefox",
                &[
                    "Firefox",
                    "Firefox.exe",
                    "firefox",
                    "firefox.exe",
                    "Firefox Developer Edition",
                    "firefoxdeveloperedition",
                    "Firefox-esr",
                    "Firefox Beta",
                    "Nightly",
                    "org.mozilla.firefox",
                ],
            ),
            ("opera", &["opera.exe", "Opera"]),
            ("brave", &["brave.exe"]),
            ("edge", &["msedge.exe", "Microsoft Edge"]),
            (
                "vivaldi",
                &["Vivaldi-stable", "Vivaldi-snapshot", "vivaldi.exe"],
            ),
        ];
        for (name, apps) in apps {
            for app in *apps {
                assert!(named(name).is_app(app), "{name}: {app}");
            }
        }
    }

    #[test]
    fn patterns_hold_where_they_are_anchored() {
        let cases = [
            ("chrome", "my chrome", false),
            ("chrome", "googlechrome-beta", true),
            ("chrome", "COM.GOOGLE.CHROME", false), // an id, as it is written
            ("firefox", "My FIREFOX", true),
            ("arc", "Arc", true),
            ("arc", "ARC.EXE", true),
            ("arc", "arcade", false),
            ("edge", "Knowledge", false),
            ("edge", "microsoft_edge-dev", true),
            ("zen", "Zen Browser", true),
        ];
        for (name, app, expected) in cases {
            assert_eq!(named(name).is_app(app), expected, "{name}: {app}");
        }
    }
}
