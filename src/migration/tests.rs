use super::*;

fn imported(texts: &[&str]) -> Imported {
    let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
    import(&texts).unwrap()
}

/// What is printed, and below a line what is left out.
fn shown(texts: &[&str]) -> String {
    let Imported { settings, left_out } = imported(texts);
    if left_out.is_empty() {
        settings
    } else {
        format!("{settings}---\n{}\n", left_out.join("\n"))
    }
}

#[test]
fn both_spellings_of_the_settings_are_carried_over() {
    insta::assert_snapshot!(shown(&["
Settings:
  awUrl: http://localhost:5600
  prometheusUrl: https://desk.lan
  prometheusAuth: 's3cret\"'
  excludedWatchers: [aw-watcher-web]
  userId: 7
  cron: '*/10 * * * *'
  includeHostname: true
  minData: '7'
  plugins: [filters, scripts]
  colour: blue
"]), @r#"
    ## From the settings of aw-sync-suite's agent.
    aw-url = "http://localhost:5600"
    prometheus-url = "https://desk.lan"
    cron = "*/10 * * * *"
    excluded-watchers = ["aw-watcher-web"]
    min-data = 7
    user-id = "7"

    [[remote-write]]
    authorization.credentials = 's3cret"'
    ---
    plugin `scripts`: there are no plugins here
    setting `colour`: it is not known
    "#);
    insta::assert_snapshot!(shown(&["
Settings: # as it is delivered
  aw-url: <activitywatch_url>
  prometheus-url: http://localhost:9090
  excluded-watchers:
    - <watcher_name>
  userId: ada
  prometheus-secret-key:
  include-hostname: false
"]), @r#"
    ## From the settings of aw-sync-suite's agent.
    prometheus-url = "http://localhost:9090"
    user-id = "ada"
    ---
    include-hostname = false: the label `host` leaves all the same, since it tells two machines of one user apart
    "#);
}

#[test]
fn filters_become_rules_and_categories() {
    insta::assert_snapshot!(shown(&["
Filters:
  - Filter:
    filter-name: Mail
    enable: true
    watchers: [aw-watcher-window]
    target:
      - {key: app, value: 'Google.*'}
      - {key: title, value: 'mail.*'}
    plain-replace:
      - {key: title, value: Email}
      - {key: app, value: 'Post $1'}
  - Filter:
      target: [{key: app, value: 'KeePass|Signal'}]
      drop: 'true'
  - Filter:
    filter-name: Versions
    target: [{key: app, value: '^Blender'}, {key: title, value: 'x'}]
    regex-replace: [{key: app, expression: '^(\\w+) [0-9.]+', value: '$1 ${0}'}]
  - Filter:
    filter-name: Reading
    target: [{key: title, value: 'Wikipedia|arXiv'}]
    category: Reading
  - Filter:
    target: [{key: app, value: 'Thunderbird'}, {key: title, value: 'Inbox'}]
    category: Email
  - Filter:
    enable: false
    target: [{key: app, value: 'a'}]
    drop: true
"]), @r#"
    ## From the settings of aw-sync-suite's agent.

    ## filter 4 (Reading)
    [[category]]
    name = "Reading"
    regex = "Wikipedia|arXiv"
    select-keys = ["title"]

    ## filter 1 (Mail)
    [[relabel]]
    source-labels = ["__bucket_client", "app", "__data_title"]
    regex = "aw-watcher-window;.*(Google.*).*;.*(mail.*).*"
    target-label = "__filter_1"
    replacement = "yes"

    [[relabel]]
    source-labels = ["__filter_1", "__data_title"]
    regex = "yes;.+"
    target-label = "__data_title"
    replacement = "Email"

    [[relabel]]
    source-labels = ["__filter_1", "app"]
    regex = "yes;.+"
    target-label = "app"
    replacement = "Post $$1"

    ## filter 2
    [[relabel]]
    source-labels = ["app"]
    regex = ".*(KeePass|Signal).*"
    action = "drop"

    ## filter 3 (Versions)
    [[relabel]]
    source-labels = ["app"]
    regex = ".*(^Blender).*"
    target-label = "__filter_3_1"
    replacement = "yes"

    [[relabel]]
    source-labels = ["app", "__filter_3_1", "__data_title"]
    separator = " ;; "
    regex = '()((\w+) [0-9.]+)(.*) ;; yes ;; .*(x).*'
    target-label = "app"
    replacement = "${1}${3} ${2}${4}"

    ## filter 5
    [[relabel]]
    source-labels = ["app", "__data_title", "category"]
    regex = ".*(Thunderbird).*;.*(Inbox).*;.+"
    target-label = "category"
    replacement = "Email"
    "#);
}

#[test]
fn what_cannot_be_carried_over_is_said_and_the_rest_is() {
    insta::assert_snapshot!(shown(&["
Filters:
  - {target: [{key: app, value: '('}], drop: true}
  - {target: [], drop: true}
  - {target: [{key: app, value: a}], colour: blue}
  - {target: [{key: app, value: a}], regex-replace: [{key: app, from: 'a|^b', value: c}]}
  - {filter-name: Good, target: [{key: app, value: a}], drop: true}
"]), @r#"
    ## From the settings of aw-sync-suite's agent.

    ## filter 5 (Good)
    [[relabel]]
    source-labels = ["app"]
    regex = ".*(a).*"
    action = "drop"
    ---
    filter 1: `(` is not a regex: unclosed group
    filter 2: it has no target, so it applies to nothing
    filter 3: its key `colour` is not known
    filter 3: it does nothing
    filter 4: `a|^b` means the beginning or end of a text in some of its parts only
    "#);
}

#[test]
fn another_file_is_refused() {
    let message = |text: &str| import(&[text.to_owned()]).unwrap_err().1.to_string();
    insta::assert_snapshot!(message("groups: []"), @"
    neither `Settings` nor `Filters` in it
    hint: it wants aw-sync-settings.yaml and the file of filters, or the older aw-sync-agent.yaml
    ");
    insta::assert_snapshot!(message("just text"), @"
    neither `Settings` nor `Filters` in it
    hint: it wants aw-sync-settings.yaml and the file of filters, or the older aw-sync-agent.yaml
    ");
    insta::assert_snapshot!(message("Settings: [unclosed"), @"not YAML: error: line 1 column 11: unclosed bracket '['");
}
