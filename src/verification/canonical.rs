use serde_json::{Value, json};

use crate::activitywatch::Bucket;
use crate::metrics::{CategoryRule, browser_pattern};

/// The list in a [`canonical_query`]'s answer that the Activity view counts: windows while somebody was there.
pub const EVENTS: &str = "events";

/// The list of all windows, whether somebody was there or not.
pub const WINDOWS: &str = "windows";

/// Whether a [`canonical_query`] reads this bucket, if it is the first of its kind.
pub fn is_asked(bucket: &Bucket) -> bool {
    matches!(
        bucket.kind.as_str(),
        "currentwindow" | "afkstatus" | "web.tab.current"
    )
}

/// Returns the query of ActivityWatch's Activity view for the buckets of one device, line by line; `None` if none of
/// them holds windows.
///
/// These are the steps of the web UI: short gaps are closed, and windows count while the AFK watcher saw somebody, while
/// an app or a title matches the always-active pattern, and while a tab can be heard whose browser is in front. Without
/// an AFK bucket, as on Android, all windows count. Which apps are browsers, and the rules of categories, are those that
/// the agent goes by.
///
/// In one thing it is not the web UI's: windows that match the pattern are read a second time. The Python server's
/// `period_union` takes the data away from the very events that it is given, so that in the web UI such a window can
/// lose its name; its time counts all the same.
///
/// The lists come uncut and not summed up, so that a day can be cut out where events are whole. `with_windows` wants
/// [`WINDOWS`] beside [`EVENTS`].
pub fn canonical_query<'a>(
    buckets: &[Bucket],
    always_active: Option<&str>,
    rules: impl IntoIterator<Item = &'a CategoryRule>,
    with_windows: bool,
) -> Option<Vec<String>> {
    let of_kind = |kind: &'static str| buckets.iter().filter(move |bucket| bucket.kind == kind);
    let window = of_kind("currentwindow").next()?;
    let read = |bucket: &Bucket| format!("flood(query_bucket({}));", quoted(&bucket.id));
    let mut lines = vec![format!("windows = {}", read(window))];
    if let Some(afk) = of_kind("afkstatus").next() {
        lines.push(format!("afk = {}", read(afk)));
        lines.push(r#"present = filter_keyvals(afk, "status", ["not-afk"]);"#.to_owned());
        if let Some(pattern) = always_active {
            let pattern = quoted(&pattern_of(pattern));
            for key in ["app", "title"] {
                lines.extend([
                    format!("matched = {}", read(window)),
                    format!(r#"matched = filter_keyvals_regex(matched, "{key}", {pattern});"#),
                    "present = period_union(present, matched);".to_owned(),
                ]);
            }
        }
        for (web, apps) in
            of_kind("web.tab.current").filter_map(|web| Some((web, browser_pattern(web)?)))
        {
            let apps = quoted(&pattern_of(&apps));
            lines.extend([
                format!("tabs = {}", read(web)),
                format!(r#"front = filter_keyvals_regex(windows, "app", {apps});"#),
                "tabs = filter_period_intersect(tabs, front);".to_owned(),
                r#"heard = filter_keyvals(tabs, "audible", [true]);"#.to_owned(),
                "present = period_union(present, heard);".to_owned(),
            ]);
        }
        lines.push("events = filter_period_intersect(windows, present);".to_owned());
    } else {
        lines.push("events = windows;".to_owned());
    }
    let classes = classes(rules);
    let mut returned = vec![EVENTS];
    if with_windows {
        returned.push(WINDOWS);
    }
    for name in &returned {
        lines.push(format!("{name} = categorize({name}, {classes});"));
    }
    let fields: Vec<_> = returned
        .iter()
        .map(|name| format!(r#""{name}": {name}"#))
        .collect();
    lines.push(format!("RETURN = {{{}}};", fields.join(", ")));
    Some(lines)
}

/// Returns a text as a string of the query language, where a backslash means itself except before a quote.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}

/// Returns a regex that means the same and does not end in a backslash, which would take the closing quote along.
fn pattern_of(regex: &str) -> String {
    if regex.ends_with('\\') {
        format!("{regex}(?:)")
    } else {
        regex.to_owned()
    }
}

/// Returns rules as an argument of `categorize`. The language has neither `null` nor numbers below zero.
fn classes<'a>(rules: impl IntoIterator<Item = &'a CategoryRule>) -> String {
    let rules: Vec<&CategoryRule> = rules.into_iter().collect();
    let has_negative = rules
        .iter()
        .any(|rule| rule.priority.is_some_and(|priority| priority < 0));
    let class = |(place, rule): (usize, &&CategoryRule)| {
        let regex = pattern_of(rule.regex.as_deref().unwrap_or_default());
        let mut class = json!({"type": "regex", "regex": regex, "ignore_case": rule.ignore_case});
        // aw-server-rust takes an empty list for no key at all.
        if !rule.select_keys.is_empty() {
            class["select_keys"] = json!(rule.select_keys);
        }
        // The rules come in an order in which the last match wins, so their places are priorities too.
        if has_negative {
            class["priority"] = json!(place);
        } else if let Some(priority) = rule.priority {
            class["priority"] = json!(priority);
        }
        json!([rule.name, class])
    };
    let classes: Value = rules.iter().enumerate().map(class).collect();
    classes.to_string().replace(r"\\", r"\")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(id: &str, kind: &str) -> Bucket {
        Bucket {
            id: id.to_owned(),
            kind: kind.to_owned(),
            client: "c".to_owned(),
            hostname: "h".to_owned(),
            synced: false,
        }
    }

    fn rule(regex: &str, priority: Option<i64>) -> CategoryRule {
        CategoryRule {
            name: vec!["A".to_owned(), "B".to_owned()],
            regex: Some(regex.to_owned()),
            priority,
            ..CategoryRule::default()
        }
    }

    #[test]
    fn the_query_is_that_of_the_activity_view() {
        let buckets = [
            bucket("w", "currentwindow"),
            bucket("a", "afkstatus"),
            bucket("aw-watcher-web-arc_h", "web.tab.current"),
            bucket("aw-watcher-web-safari_h", "web.tab.current"),
        ];
        let lines = canonical_query(
            &buckets,
            Some(r#"zoom|"x"\\"#),
            &[rule(r"C\+\+", None)],
            true,
        )
        .unwrap();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        windows = flood(query_bucket("w"));
        afk = flood(query_bucket("a"));
        present = filter_keyvals(afk, "status", ["not-afk"]);
        matched = flood(query_bucket("w"));
        matched = filter_keyvals_regex(matched, "app", "zoom|\"x\"\\(?:)");
        present = period_union(present, matched);
        matched = flood(query_bucket("w"));
        matched = filter_keyvals_regex(matched, "title", "zoom|\"x\"\\(?:)");
        present = period_union(present, matched);
        tabs = flood(query_bucket("aw-watcher-web-arc_h"));
        front = filter_keyvals_regex(windows, "app", "(?i:^arc$|^arc\.exe$)");
        tabs = filter_period_intersect(tabs, front);
        heard = filter_keyvals(tabs, "audible", [true]);
        present = period_union(present, heard);
        events = filter_period_intersect(windows, present);
        events = categorize(events, [[["A","B"],{"ignore_case":false,"regex":"C\+\+","type":"regex"}]]);
        windows = categorize(windows, [[["A","B"],{"ignore_case":false,"regex":"C\+\+","type":"regex"}]]);
        RETURN = {"events": events, "windows": windows};
        "#);
    }

    #[test]
    fn without_an_afk_watcher_all_windows_count() {
        let buckets = [
            bucket("w", "currentwindow"),
            bucket("lid", "systemafkstatus"),
        ];
        let lines = canonical_query(&buckets, Some("zoom"), &[], false).unwrap();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        windows = flood(query_bucket("w"));
        events = windows;
        events = categorize(events, []);
        RETURN = {"events": events};
        "#);
        assert_eq!(canonical_query(&buckets[1..], None, &[], false), None);
    }

    #[test]
    fn rules_are_written_as_the_query_language_can_read_them() {
        let of = |rules: &[CategoryRule]| classes(rules);
        insta::assert_snapshot!(of(&[rule(r"\d", Some(7)), rule(r#""quoted"|back\\"#, None)]), @r#"[[["A","B"],{"ignore_case":false,"priority":7,"regex":"\d","type":"regex"}],[["A","B"],{"ignore_case":false,"regex":"\"quoted\"|back\\(?:)","type":"regex"}]]"#);
        insta::assert_snapshot!(of(&[rule("a", Some(-1)), rule("b", None)]), @r#"[[["A","B"],{"ignore_case":false,"priority":0,"regex":"a","type":"regex"}],[["A","B"],{"ignore_case":false,"priority":1,"regex":"b","type":"regex"}]]"#);
    }
}
