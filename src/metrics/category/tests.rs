use serde_json::json;

use super::*;

fn data(data: Value) -> Map<String, Value> {
    let Value::Object(data) = data else {
        unreachable!("an object literal")
    };
    data
}

fn rule(name: &str, regex: &str) -> CategoryRule {
    CategoryRule {
        name: name.split(" > ").map(str::to_owned).collect(),
        regex: Some(regex.to_owned()),
        ..CategoryRule::default()
    }
}

#[track_caller]
fn categories(rules: impl IntoIterator<Item = CategoryRule>) -> Categories {
    let (categories, skipped) = Categories::new(rules);
    assert_eq!(skipped, []);
    categories
}

/// The category of a window of vim with the title `main.rs`.
#[track_caller]
fn of_vim(rules: impl IntoIterator<Item = CategoryRule>) -> String {
    categories(rules)
        .categorize(&data(json!({"app": "Vim", "title": "main.rs"})))
        .to_owned()
}

#[test]
fn the_deepest_wins_and_of_equals_the_later() {
    let deep = || rule("Work > Code", "Vim");
    assert_eq!(of_vim([rule("A", "Vim"), rule("B", "main")]), "B");
    assert_eq!(of_vim([deep(), rule("B", "main")]), "Work > Code");
    assert_eq!(of_vim([deep(), rule("X > Y", "rs$")]), "X > Y");
    assert_eq!(of_vim([rule("A", "emacs")]), "Uncategorized");
    assert_eq!(of_vim([]), "Uncategorized");
}

#[test]
fn a_priority_counts_ten_a_level() {
    let first = |priority| CategoryRule {
        priority: Some(priority),
        ..rule("A", "Vim")
    };
    for (priority, expected) in [(19, "B > C"), (20, "B > C"), (21, "A"), (i64::MIN, "B > C")] {
        assert_eq!(of_vim([first(priority), rule("B > C", "Vim")]), expected);
    }
    assert_eq!(of_vim([rule("B > C", "Vim"), first(20)]), "A");
    assert_eq!(of_vim([first(i64::MIN)]), "A");
}

#[test]
fn case_counts_unless_told_otherwise() {
    assert_eq!(of_vim([rule("A", "vim")]), "Uncategorized");
    let ignoring = CategoryRule {
        ignore_case: true,
        ..rule("A", "vim|x")
    };
    assert_eq!(of_vim([ignoring]), "A");
}

#[test]
fn text_at_the_top_is_looked_at_and_nothing_else() {
    let categories = categories([rule("A", "x")]);
    for (event, expected) in [
        (json!({"any": "x"}), "A"),
        (
            json!({"list": ["x"], "nested": {"x": "x"}, "x": 1, "null": null}),
            UNCATEGORIZED,
        ),
        (json!({}), UNCATEGORIZED),
        (json!({"app": ""}), UNCATEGORIZED),
    ] {
        assert_eq!(categories.categorize(&data(event)), expected);
    }
}

#[test]
fn selected_keys_are_the_only_ones() {
    let keys = |keys: &[&str]| CategoryRule {
        select_keys: keys.iter().map(|&key| key.to_owned()).collect(),
        ..rule("A", "Vim")
    };
    assert_eq!(of_vim([keys(&["title", "gone"])]), "Uncategorized");
    assert_eq!(of_vim([keys(&["title", "app"])]), "A");
    assert_eq!(of_vim([keys(&[])]), "A");
}

#[test]
fn a_rule_without_a_pattern_matches_nothing() {
    let empty = CategoryRule {
        regex: None,
        ..rule("A", "")
    };
    assert_eq!(of_vim([empty, rule("B", "")]), "Uncategorized");
}

#[test]
fn a_bad_rule_is_named_and_the_others_count() {
    let nameless = CategoryRule {
        name: vec![],
        ..rule("", "Vim")
    };
    let (categories, skipped) = Categories::new([
        rule("C++", "C++++("),
        rule("Range", "[z-a]"),
        rule("Good", "Vim"),
        nameless,
        rule(" ", "Vim"),
    ]);
    assert_eq!(categories.categorize(&data(json!({"app": "Vim"}))), "Good");
    let messages: Vec<_> = skipped.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    category `C++` is left out: `C++++(` is not a regex: Parsing error at position 3: Target of repeat operator is invalid
    hint: put a backslash before a character that means itself, as in `C\+\+`
    category `Range` is left out: `[z-a]` is not a regex: invalid character class range, the start must be <= the end
    hint: put a backslash before a character that means itself, as in `C\+\+`
    category `` is left out: nothing names the category of `Vim`
    hint: name it, as in `Work > Programming`
    category ` ` is left out: nothing names the category of `Vim`
    hint: name it, as in `Work > Programming`
    "#);
}

#[test]
fn a_match_that_takes_too_long_is_none() {
    let slow = rule("Slow", r"(?=(a+)+$)b|(a|a)*\1c");
    let title = "a".repeat(40);
    let categories = categories([rule("Quick", "a"), slow]);
    assert_eq!(
        categories.categorize(&data(json!({"title": title}))),
        "Quick"
    );
}

#[test]
fn patterns_may_look_around() {
    assert_eq!(
        of_vim([rule("A", r"(?<!main\.)rs"), rule("B", r"(?=.*\.rs).*ain")]),
        "B"
    );
    assert_eq!(
        of_vim([rule("A", r"(?P<letter>[a-z])(?P=letter)")]),
        "Uncategorized"
    );
}

fn of_server(classes: &Value) -> (Vec<CategoryRule>, Vec<String>) {
    let (rules, skipped) = CategoryRule::of_server(Some(classes));
    (rules, skipped.iter().map(ToString::to_string).collect())
}

#[test]
fn the_servers_rules_are_read() {
    let (rules, skipped) = of_server(&json!([
        {"id": 0, "name": ["Work"], "rule": {"type": "none"}, "data": {"color": "#0F0", "score": 10}},
        {"id": 1, "name": ["Work", "Code"], "rule": {"type": "regex", "regex": "vim", "ignore_case": true}},
        {"name": ["Old"], "rule": {"type": null, "regex": "old"}},
        {"name": ["Bare"], "rule": {"regex": "bare", "select_keys": ["app"], "weight": -3}},
        {"name": ["Nothing"], "rule": null},
    ]));
    let code = CategoryRule {
        ignore_case: true,
        ..rule("Work > Code", "vim")
    };
    let bare = CategoryRule {
        select_keys: vec!["app".to_owned()],
        priority: Some(-3),
        ..rule("Bare", "bare")
    };
    assert_eq!((rules, skipped), (vec![code, bare], vec![]));
}

#[test]
fn an_odd_rule_loses_none_of_the_others() {
    let (rules, skipped) = of_server(&json!([
        {"name": "Work", "rule": {"type": "regex", "regex": "a"}},
        {"name": ["Five"], "rule": {"type": "regex", "regex": 5}},
        {"name": ["Half"], "rule": {"type": "regex", "regex": "a", "priority": 1.5}},
        null,
        {"name": ["Good"], "rule": {"type": "regex", "regex": "good"}},
    ]));
    assert_eq!(rules, [rule("Good", "good")]);
    insta::assert_snapshot!(skipped.join("\n"), @r#"
    category `#1` is left out: invalid type: string "Work", expected a sequence
    hint: open it in ActivityWatch under Settings, Categorization, and save it again
    category `Five` is left out: invalid type: integer `5`, expected a string
    hint: open it in ActivityWatch under Settings, Categorization, and save it again
    category `Half` is left out: invalid type: floating point `1.5`, expected i64
    hint: open it in ActivityWatch under Settings, Categorization, and save it again
    category `#4` is left out: invalid type: null, expected a category
    hint: open it in ActivityWatch under Settings, Categorization, and save it again
    "#);
}

#[test]
fn who_never_saved_categories_gets_the_starter_set() {
    for classes in [None, Some(json!(null)), Some(json!({}))] {
        let (rules, skipped) = CategoryRule::of_server(classes.as_ref());
        assert!(!rules.is_empty());
        assert_eq!(skipped, []);
    }
    assert_eq!(of_server(&json!([])), (vec![], vec![]));
    assert_eq!(of_server(&json!("text")).1.len(), 1);
}

#[test]
fn the_starter_set_tells_common_programs_apart() {
    let categories = categories(starter::rules());
    for (app, title, expected) in [
        ("Code", "main.rs - engine", "Development"),
        ("Code.exe", "main.rs", "Development"),
        (
            "firefox",
            "Fix it by ada · Pull Request #1 · a/b · GitHub",
            "Development > Review",
        ),
        ("Alacritty", "~/src", "Development > Terminal"),
        (
            "Google-chrome",
            "A song - YouTube - Google Chrome",
            "Leisure > Video and music",
        ),
        ("Vimeo", "Vimeo", "Leisure > Video and music"),
        ("Slack", "general", "Communication > Chat"),
        ("Mail", "signal processing", UNCATEGORIZED),
        ("firefox", "Zip code finder", UNCATEGORIZED),
    ] {
        let category = categories.categorize(&data(json!({"app": app, "title": title})));
        assert_eq!(category, expected, "{app} {title}");
    }
}

#[test]
fn an_export_is_read_with_and_without_its_id() {
    let categories =
        r#""categories": [{"name": ["A"], "rule": {"type": "regex", "regex": "a"}, "id": 0}]"#;
    for text in [
        format!("\u{feff}{{\"id\": \"default\", {categories}}}"),
        format!("{{{categories}}}"),
    ] {
        let (rules, skipped) = CategoryRule::of_export(&text).unwrap();
        assert_eq!((rules, skipped), (vec![rule("A", "a")], vec![]));
    }
}

#[test]
fn what_is_not_an_export_is_told() {
    let message = |text| CategoryRule::of_export(text).unwrap_err().to_string();
    insta::assert_snapshot!(message("[[category]]"), @"
    not JSON: expected value at line 1 column 3
    hint: export it again: Settings, Categorization, Export
    ");
    insta::assert_snapshot!(message(r#"{"buckets": {}}"#), @"
    JSON without a list of `categories`
    hint: it wants the file of Settings, Categorization, Export, and not that of a bucket
    ");
}

#[test]
fn a_table_of_the_settings_names_its_category_in_two_ways() {
    let read = |text: &str| toml::from_str::<CategoryRule>(text);
    let full = CategoryRule {
        ignore_case: true,
        select_keys: vec!["app".to_owned()],
        priority: Some(15),
        ..rule("Work > Code", "vim")
    };
    let keys = "regex = 'vim'\nignore-case = true\nselect-keys = ['app']\npriority = 15";
    for name in ["'Work > Code'", "'Work>Code'", "['Work', 'Code']"] {
        assert_eq!(read(&format!("name = {name}\n{keys}")), Ok(full.clone()));
    }
    let message = |text: &str| read(text).unwrap_err().message().to_owned();
    insta::assert_snapshot!(message("name = 5"), @"invalid type: integer `5`, expected a name or a list of names");
    insta::assert_snapshot!(message("regex = 'a'"), @"missing field `name`");
    insta::assert_snapshot!(message("name = 'a'\nignorecase = true"), @"unknown field `ignorecase`, expected one of `name`, `regex`, `ignore-case`, `select-keys`, `priority`");
}
