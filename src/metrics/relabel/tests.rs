use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    labels: BTreeMap<String, String>,
    rules: Vec<RelabelConfig>,
    gives: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Refused {
    rule: RelabelConfig,
}

fn cases() -> Cases {
    toml::from_str(include_str!("cases.toml")).unwrap()
}

/// The labels of a case, which all have the name of a metric.
fn named(labels: BTreeMap<String, String>) -> Vec<Label> {
    let mut all = BTreeMap::from([(METRIC_NAME.to_owned(), "case".to_owned())]);
    all.extend(labels);
    all.into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect()
}

#[test]
fn each_case_gives_what_it_says_in_any_order() {
    for case in cases().case {
        let rules = Rules::new(case.rules).unwrap();
        let labels = named(case.labels);
        let backwards = labels.iter().rev().cloned().collect();
        let expected = case.gives.map(named);
        assert_eq!(rules.apply(labels), expected, "{}", case.name);
        assert_eq!(rules.apply(backwards), expected, "{}", case.name);
    }
}

#[test]
fn what_prometheus_refuses_is_refused() {
    for refused in cases().refused {
        let rule = format!("{:?}", refused.rule);
        assert!(Rules::new(vec![refused.rule]).is_err(), "{rule}");
    }
}

#[test]
fn of_two_labels_with_one_name_the_earlier_counts() {
    let twice = vec![
        ("app".into(), "1".to_owned()),
        ("app".into(), "2".to_owned()),
    ];
    assert_eq!(
        Rules::default().apply(twice),
        Some(vec![("app".into(), "1".to_owned())])
    );
}

#[test]
fn nothing_may_be_left() {
    let all: RelabelConfig = toml::from_str("regex = '.*'\naction = 'labeldrop'").unwrap();
    let rules = Rules::new(vec![all]).unwrap();
    assert_eq!(rules.apply(named(BTreeMap::new())), Some(vec![]));
}

#[test]
fn meta_labels_end_with_the_rules() {
    let names = ["__name__", "__data_title", "_title", "app"];
    let labels = names.map(|name| (name.into(), "x".to_owned())).to_vec();
    let left: Vec<_> = without_meta(labels)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(left, ["__name__", "_title", "app"]);
}

#[test]
fn a_name_made_by_labelmap_that_is_none_is_not_taken() {
    let map: RelabelConfig =
        toml::from_str("regex = 'x_(.*)'\nreplacement = '$1'\naction = 'labelmap'").unwrap();
    let labels = vec![
        ("x_".into(), "1".to_owned()),
        ("x_9".into(), "2".to_owned()),
    ];
    let rules = Rules::new(vec![map]).unwrap();
    assert_eq!(rules.apply(labels.clone()), Some(labels));
}

fn message(rule: &str) -> String {
    let rules = vec![
        toml::from_str("action = 'drop'").unwrap(),
        toml::from_str(rule).unwrap(),
    ];
    Rules::new(rules).unwrap_err().to_string()
}

#[test]
fn each_fault_is_named_with_the_number_of_its_rule() {
    insta::assert_snapshot!(message("source-labels = ['app']"), @r#"
    `relabel` rule 2: `replace` needs `target-label`
    hint: add it, as in `target-label = "title"`
    "#);
    insta::assert_snapshot!(message("action = 'hashmod'\ntarget-label = 'a'"), @"
    `relabel` rule 2: `hashmod` needs `modulus`
    hint: add it, as in `modulus = 16`
    ");
    insta::assert_snapshot!(message("action = 'labeldrop'\nsource-labels = ['app']"), @"
    `relabel` rule 2: `labeldrop` takes no `source-labels`
    hint: it takes only `regex`, which the names of labels are matched with
    ");
    insta::assert_snapshot!(message("action = 'keepequal'\ntarget-label = 'a'\nregex = 'x'"), @"
    `relabel` rule 2: `keepequal` takes no `regex`
    hint: it takes only `source-labels` and `target-label`, whose values are compared
    ");
    insta::assert_snapshot!(message("action = 'lowercase'\ntarget-label = 'a'\nreplacement = 'x'"), @"
    `relabel` rule 2: `lowercase` takes no `replacement`
    hint: the value is that of `source-labels`; use a rule `replace` for another
    ");
    insta::assert_snapshot!(message("source-labels = ['a-b']\ntarget-label = 'a'"), @"
    `relabel` rule 2: `source-labels`: `a-b` is not a label name
    hint: a name has letters, digits and `_`, and begins with no digit
    ");
    insta::assert_snapshot!(message("target-label = '$1-$2'"), @"
    `relabel` rule 2: `target-label`: `$1-$2` is not a label name
    hint: a name has letters, digits and `_`, and begins with no digit; `$1` stands for what the first `( )` matches
    ");
    insta::assert_snapshot!(message("target-label = 'a'\nregex = 'KeePass('"), @r"
    `relabel` rule 2: `regex`: `KeePass(` is not a regular expression: unclosed group
    hint: put a `\` before a character that is meant as itself, in TOML between single quotes, as in `'a\.b'`
    ");
}
