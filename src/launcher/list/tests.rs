use proptest::prelude::*;

use super::*;
use crate::launcher::Launcher;

fn qt() -> Place {
    Launcher::AwQt.place(false)
}

fn tauri() -> Place {
    Launcher::AwTauri.place(false)
}

/// Enables and disables again: what comes between, which has to be enabled and stable, and what comes out.
#[track_caller]
fn there_and_back(place: &Place, text: &str) -> (String, String) {
    let enabled = place.set(text, true).unwrap().unwrap();
    assert!(place.has_module(&enabled).unwrap());
    assert_eq!(place.set(&enabled, true), Ok(None));
    let disabled = place.set(&enabled, false).unwrap().unwrap();
    assert!(!place.has_module(&disabled).unwrap());
    assert_eq!(place.set(&disabled, false), Ok(None));
    (enabled, disabled)
}

#[test]
fn the_commented_defaults_of_aw_qt_stay_as_a_comment() {
    let (enabled, disabled) = there_and_back(&qt(), &Launcher::AwQt.first_file().unwrap());
    insta::assert_snapshot!(enabled, @r#"
    [aw-qt]
    autostart_modules = ["aw-server", "aw-watcher-afk", "aw-watcher-window", "aw-sync-agent"]
    #autostart_modules = ["aw-server", "aw-watcher-afk", "aw-watcher-window"]

    [aw-qt-testing]
    #autostart_modules = ["aw-server", "aw-watcher-afk", "aw-watcher-window"]
    "#);
    insta::assert_snapshot!(disabled, @r#"
    [aw-qt]
    autostart_modules = ["aw-server", "aw-watcher-afk", "aw-watcher-window"]
    #autostart_modules = ["aw-server", "aw-watcher-afk", "aw-watcher-window"]

    [aw-qt-testing]
    #autostart_modules = ["aw-server", "aw-watcher-afk", "aw-watcher-window"]
    "#);
}

#[test]
fn testing_has_its_own_list() {
    let place = Launcher::AwQt.place(true);
    let text = "[aw-qt]\nautostart_modules = []\n\n[aw-qt-testing]";
    let (enabled, _) = there_and_back(&place, text);
    insta::assert_snapshot!(enabled, @r#"
    [aw-qt]
    autostart_modules = []

    [aw-qt-testing]
    autostart_modules = ["aw-server", "aw-watcher-afk", "aw-watcher-window", "aw-sync-agent"]
    "#);
}

#[test]
fn a_list_in_one_line_stays_in_one_line() {
    let text = r#"
# mine
[aw-qt]   # the tray
autostart_modules = ["aw-server-rust", 'aw-awatcher' ] # no afk
other = 1
"#;
    let (enabled, disabled) = there_and_back(&qt(), text);
    insta::assert_snapshot!(enabled, @r#"

    # mine
    [aw-qt]   # the tray
    autostart_modules = ["aw-server-rust", 'aw-awatcher', "aw-sync-agent" ] # no afk
    other = 1
    "#);
    assert_eq!(disabled, text);
}

#[test]
fn in_a_list_of_lines_comments_stay_at_their_modules() {
    let text = r#"port = 5600
discovery_paths = [
  "/home/ada/bin",
]

[autostart]
enabled = true
minimized = true
modules = [
  "aw-watcher-afk", # away
  # in front
  { name = "aw-sync", args = "daemon" } # other machines
  # nothing more
]
"#;
    let (enabled, disabled) = there_and_back(&tauri(), text);
    insta::assert_snapshot!(enabled, @r#"
    port = 5600
    discovery_paths = [
      "/home/ada/bin",
    ]

    [autostart]
    enabled = true
    minimized = true
    modules = [
      "aw-watcher-afk", # away
      # in front
      { name = "aw-sync", args = "daemon" }, # other machines
      "aw-sync-agent"
      # nothing more
    ]
    "#);
    assert_eq!(disabled, text);
}

#[test]
fn sections_of_aw_tauri_are_added_to_and_taken_away() {
    let text = r#"port = 5600

[autostart]
enabled = true

[[autostart.modules]]
name = "aw-sync" # other machines
args = "daemon"

[updates]
check = true
"#;
    let (enabled, disabled) = there_and_back(&tauri(), text);
    insta::assert_snapshot!(enabled, @r#"
    port = 5600

    [autostart]
    enabled = true

    [[autostart.modules]]
    name = "aw-sync" # other machines
    args = "daemon"

    [updates]
    check = true

    [[autostart.modules]]
    name = "aw-sync-agent"
    "#);
    assert_eq!(disabled, text);
}

#[test]
fn our_entry_is_found_in_any_form_and_place() {
    for text in [
        "[autostart]\nmodules = ['aw-sync-agent', 'a']",
        "[autostart]\nmodules = ['a', 'aw-sync-agent','aw-sync-agent']",
        "[autostart]\nmodules = ['aw-sync-agent', # first\n'a']",
        "[autostart]\nmodules = ['a', # first\n'aw-sync-agent']",
        "[autostart]\nmodules = ['a', # first\n'aw-sync-agent',]",
        "[autostart]\nmodules = ['a', {args='--verbose', name=\"aw-sync-agent\"}, ]",
        "[autostart]\nmodules = [\n\t'aw-sync-agent', # ours\n\t'a'\n]",
        "autostart = { modules = ['aw-sync-agent' , 'a'] }",
        "autostart.modules = ['a', 'aw-sync-agent']",
        "[[autostart.modules]]\nname = 'aw-sync-agent'\nargs = ''\n[[autostart.modules]]\nname = 'a'\n",
    ] {
        assert!(tauri().has_module(text).unwrap(), "{text}");
        let disabled = tauri().set(text, false).unwrap().unwrap();
        assert!(!disabled.contains("aw-sync-agent"), "{disabled}");
        let table: Table = disabled.parse().unwrap();
        let modules = table["autostart"]["modules"].as_array().unwrap();
        assert_eq!(modules.len(), 1, "{disabled}");
    }
}

#[test]
fn what_would_lose_its_meaning_is_left_alone() {
    let syntax = |line| move |error: &ListError| matches!(error, ListError::Syntax { line: found, .. } if *found == line);
    for (place, text, wanted, is_expected) in [
        (
            qt(),
            "[aw-qt]\nautostart_modules = [",
            true,
            &syntax(2) as &dyn Fn(&ListError) -> bool,
        ),
        (qt(), "[aw-qt\n", false, &syntax(1)),
        (qt(), "aw-qt = 1", true, &|error| {
            *error == ListError::NoList
        }),
        (qt(), "[aw-qt]\nautostart_modules = 'a'", true, &|error| {
            *error == ListError::NoList
        }),
        // aw-tauri would take nothing of such a file.
        (tauri(), "port = 5600", true, &|error| {
            *error == ListError::NoList
        }),
        (tauri(), "[autostart]\nenabled = true", false, &|error| {
            *error == ListError::NoList
        }),
        // Nor of one without any list.
        (
            tauri(),
            "[[autostart.modules]]\nname = 'aw-sync-agent'",
            false,
            &|error| *error == ListError::NoList,
        ),
        (qt(), "aw-qt = { }", true, &|error| {
            !matches!(error, ListError::NoList)
        }),
        (qt(), "aw-qt.x = 1", true, &|error| {
            *error == ListError::Layout
        }),
        // The comment may be about the other module.
        (
            qt(),
            "aw-qt.autostart_modules = ['aw-sync-agent' # odd\n, 'b']",
            false,
            &|error| *error == ListError::Layout,
        ),
    ] {
        match place.set(text, wanted) {
            Err(error) => assert!(is_expected(&error), "{text}: {error:?}"),
            Ok(edited) => panic!("{text}: {edited:?}"),
        }
    }
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_stay() {
    let text = "\u{feff}[aw-qt]\r\nautostart_modules = [\r\n  \"a\"\r\n]\r\n";
    let (enabled, disabled) = there_and_back(&qt(), text);
    let expected =
        "\u{feff}[aw-qt]\r\nautostart_modules = [\r\n  \"a\",\r\n  \"aw-sync-agent\"\r\n]\r\n";
    assert_eq!(enabled, expected);
    assert_eq!(disabled, text);
    let (enabled, _) = there_and_back(&qt(), "\r\n# nothing\r\n");
    assert!(!enabled.replace("\r\n", "").contains('\n'), "{enabled:?}");
}

/// A list with blanks, line ends and comments wherever TOML has them.
fn lists() -> impl Strategy<Value = String> {
    let gap = prop::sample::select(vec!["", "", " ", "\n", "\n  ", " # note\n", "\n# note\n  "]);
    let entry = prop::sample::select(vec![r#""a""#, "'b'", r#"{ name = "c", args = "x" }"#]);
    let entries = prop::collection::vec((gap.clone(), entry, gap.clone()), 0..4);
    (entries, gap, any::<bool>()).prop_map(|(entries, end, has_comma)| {
        let is_empty = entries.is_empty();
        let entries = entries
            .iter()
            .map(|(before, entry, after)| format!("{before}{entry}{after}"));
        let entries = entries.collect::<Vec<_>>().join(",");
        let comma = if has_comma && !is_empty { "," } else { "" };
        format!(
            "# first\n[autostart]\nmodules = [{entries}{comma}{end}] # last\nminimized = true\n"
        )
    })
}

proptest! {
    #[test]
    fn any_layout_can_be_added_to_and_what_was_added_taken_away(text in lists()) {
        let enabled = tauri().set(&text, true).unwrap().unwrap();
        let comments = |text: &str| text.matches('#').count();
        prop_assert_eq!(comments(&enabled), comments(&text));
        // Both have proved that nothing else changed.
        match tauri().set(&enabled, false) {
            Ok(disabled) => {
                let disabled = disabled.unwrap();
                prop_assert_eq!(comments(&disabled), comments(&text));
                prop_assert!(!tauri().has_module(&disabled).unwrap());
            }
            Err(error) => prop_assert_eq!(error, ListError::Layout),
        }
    }
}
