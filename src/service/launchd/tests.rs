//! Against a stand-in for `launchctl`, which is on macOS only.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::service::tool::write_program;

/// Writes down how it is called, and remembers whether the service is loaded.
const LAUNCHCTL: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit
echo "$*" >> calls
case $1 in
    print) test -e loaded ;;
    bootstrap) : > loaded ;;
    bootout) rm loaded ;;
    kickstart | enable) ;;
    *) echo "Unrecognized subcommand: $1" >&2; exit 64 ;;
esac
"#;

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let program = home.path().join("launchctl");
        write_program(&program, LAUNCHCTL);
        Self(home)
    }

    fn launchd(&self, testing: bool) -> Launchd {
        let home = self.0.path();
        let mut launchd = Launchd::new(home, 501, None, testing);
        launchd.launchctl.program = home.join("launchctl");
        launchd
    }

    /// How `launchctl` was called since the last look, but for questions.
    fn calls(&self) -> String {
        let path = self.0.path().join("calls");
        let calls = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, "").unwrap();
        let calls = calls.lines().filter(|call| !call.starts_with("print "));
        let home = self.0.path().to_str().unwrap();
        calls.collect::<Vec<_>>().join("\n").replace(home, "HOME")
    }
}

fn program() -> &'static Path {
    Path::new("/opt/homebrew/bin/aw-sync-agent")
}

#[test]
fn a_property_list_has_the_program_and_its_flags() {
    let flags = [
        "--aw-url=http://a/?b&c",
        r#"--user-id=<"ada"> 'x' $HOME %h \n"#,
    ];
    let text = property_list("label", program(), &flags.map(str::to_owned)).unwrap();
    let (_, rest) = text.split_once("<array>\n").unwrap();
    let (words, rest) = rest.split_once("</array>\n").unwrap();
    insta::assert_snapshot!(words.trim().replace("\n\t\t", "\n"), @r#"
    <string>/opt/homebrew/bin/aw-sync-agent</string>
    <string>--aw-url=http://a/?b&amp;c</string>
    <string>--user-id=&lt;"ada"&gt; 'x' $HOME %h \n</string>
    "#);
    for wanted in [
        "<key>RunAtLoad</key>\n\t<true/>",
        "<key>SuccessfulExit</key>\n\t\t<false/>",
    ] {
        assert!(rest.contains(wanted), "{rest}");
    }
    assert!(text.contains("<key>Label</key>\n\t<string>label</string>"));
    let odd = property_list("label", program(), &["a\u{1}".to_owned()]);
    assert!(matches!(odd, Err(ServiceError::Unwritable { .. })));
}

#[test]
fn that_of_packages_is_the_same() {
    let packaged = include_str!("../../../packaging/macos/aw-sync-agent.plist");
    let program = Path::new("/usr/local/bin/aw-sync-agent");
    assert_eq!(property_list(name(false), program, &[]).unwrap(), packaged);
}

#[test]
fn it_lives_from_installation_to_removal() {
    let home = Home::new();
    let launchd = home.launchd(false);
    let flags = |cron: &str| [format!("--cron={cron}")];
    assert!(launchd.install(program(), &flags("@hourly")).unwrap());
    assert!(!launchd.install(program(), &flags("@hourly")).unwrap());
    insta::assert_snapshot!(home.calls(), @r"
    enable gui/501/aw-sync-agent
    enable gui/501/aw-sync-agent
    ");
    launchd.stop().unwrap();
    assert_eq!(home.calls(), "");
    launchd.start().unwrap();
    launchd.start().unwrap();
    insta::assert_snapshot!(home.calls(), @r"
    bootstrap gui/501 HOME/Library/LaunchAgents/aw-sync-agent.plist
    kickstart gui/501/aw-sync-agent
    ");
    assert!(launchd.install(program(), &flags("@daily")).unwrap());
    launchd.restart().unwrap();
    insta::assert_snapshot!(home.calls(), @r"
    enable gui/501/aw-sync-agent
    bootout gui/501/aw-sync-agent
    bootstrap gui/501 HOME/Library/LaunchAgents/aw-sync-agent.plist
    ");
    assert!(launchd.uninstall().unwrap());
    assert!(!launchd.uninstall().unwrap());
    assert_eq!(home.calls(), "bootout gui/501/aw-sync-agent");
    assert!(!launchd.file().exists());
    let error = launchd.start().unwrap_err().to_string();
    assert!(error.contains("`aw-sync-agent service install`"), "{error}");
    assert_eq!(home.calls(), "");
}

#[test]
fn that_of_the_testing_mode_is_another() {
    let home = Home::new();
    home.launchd(false).install(program(), &[]).unwrap();
    home.calls();
    let testing = home.launchd(true);
    testing.install(program(), &[]).unwrap();
    assert_eq!(home.calls(), "enable gui/501/aw-sync-agent-testing");
    assert!(testing.uninstall().unwrap());
    assert!(home.launchd(false).file().exists());
}

#[test]
fn what_launchctl_says_is_passed_on() {
    let home = Home::new();
    let mut launchd = home.launchd(false);
    let program = home.0.path().join("launchctl");
    write_program(
        &program,
        "#!/bin/sh\necho Could not find domain >&2; exit 125",
    );
    let error = launchd.install(self::program(), &[]).unwrap_err();
    insta::assert_snapshot!(
        error.to_string().replace(home.0.path().to_str().unwrap(), "HOME"),
        @"`HOME/launchctl enable gui/501/aw-sync-agent` failed: Could not find domain"
    );
    launchd.launchctl.program = "no-launchctl".into();
    insta::assert_snapshot!(launchd.start().unwrap_err(), @r"
    no-launchctl is not found on PATH
    hint: it is part of macOS; check the PATH
    ");
}
