//! Data flows one way: which module may use which others of the crate.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A new arrow is a reviewed change of this table. What is not in it, the program's outer shell, may use everything.
const ARROWS: &[(&str, &[&str])] = &[
    ("timeline", &[]),
    ("local_time", &[]),
    ("day", &["local_time", "timeline"]),
    ("dirs", &[]),
    ("launcher", &["dirs"]),
    ("logging", &[]),
    ("service", &[]),
    ("message", &[]),
    ("tls", &[]),
    ("stable_hash", &[]),
    ("migration", &[]),
    ("activitywatch", &["message", "timeline", "tls"]),
    ("metrics", &["activitywatch", "stable_hash", "timeline"]),
    (
        "settings",
        &["activitywatch", "dirs", "local_time", "metrics", "timeline"],
    ),
    ("verification", &["activitywatch", "metrics", "timeline"]),
    ("cli", &["day", "launcher", "settings"]),
    ("openmetrics", &["metrics"]),
    ("remote_write", &["message", "metrics", "settings", "tls"]),
    (
        "query_api",
        &["message", "metrics", "remote_write", "settings", "timeline"],
    ),
    ("checkpoint", &["metrics", "stable_hash", "timeline"]),
    (
        "synchronizer",
        &[
            "activitywatch",
            "checkpoint",
            "day",
            "metrics",
            "query_api",
            "remote_write",
            "settings",
            "stable_hash",
            "timeline",
        ],
    ),
    (
        "diagnosis",
        &[
            "activitywatch",
            "checkpoint",
            "metrics",
            "query_api",
            "remote_write",
            "settings",
            "timeline",
        ],
    ),
    ("exit", &["synchronizer"]),
];

/// Where the official client and the HTTP library that it brings may be named.
const CLIENT_CRATES: &[&str] = &["aw_client_rust", "aw_client_reqwest"];

#[test]
fn modules_use_only_what_lies_before_them() {
    for (module, allowed) in ARROWS {
        let used = sources(module)
            .iter()
            .flat_map(|path| used_modules(&code(path)))
            .collect::<BTreeSet<_>>();
        let forbidden: Vec<_> = used
            .iter()
            .filter(|used| used != module && !allowed.contains(&used.as_str()))
            .collect();
        assert!(forbidden.is_empty(), "`{module}` uses {forbidden:?}");
    }
}

#[test]
fn the_old_client_stays_behind_its_module() {
    for path in sources("").iter().filter(|path| {
        !path
            .components()
            .any(|part| part.as_os_str() == "activitywatch")
    }) {
        let code = code(path);
        assert!(
            CLIENT_CRATES.iter().all(|name| !code.contains(name)),
            "{} names the client",
            path.display()
        );
    }
}

#[test]
fn nothing_below_the_synchronizer_asks_for_the_time_or_the_environment() {
    for module in [
        "timeline",
        "activitywatch",
        "metrics",
        "query_api",
        "verification",
        "checkpoint",
        "synchronizer",
        "diagnosis",
    ] {
        for path in sources(module) {
            let code = code(&path);
            for forbidden in [
                "Utc::now",
                "Local::now",
                "SystemTime::now",
                "Instant::now",
                "std::env",
                "env::var",
            ] {
                assert!(
                    !code.contains(forbidden),
                    "{} uses {forbidden}",
                    path.display()
                );
            }
        }
    }
}

/// The files of a module of the crate; all of them for the empty name.
fn sources(module: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let file = root.join(format!("{module}.rs"));
    if file.exists() {
        found.push(file);
    } else {
        collect(&root.join(module), &mut found);
    }
    assert!(!found.is_empty(), "there is no module `{module}`");
    found
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// A file up to its unit tests, which may use anything.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The modules after each `crate::`, those of a list in braces too.
fn used_modules(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let name = |text: &str| {
            text.trim()
                .split(|character: char| !character.is_alphanumeric() && character != '_')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        match rest.strip_prefix('{') {
            Some(list) => used.extend(
                list.split('}')
                    .next()
                    .unwrap_or_default()
                    .split(',')
                    .map(name),
            ),
            None => _ = used.insert(name(rest)),
        }
    }
    used.retain(|name| !name.is_empty());
    used
}
