use clap::CommandFactory;

use super::*;
use crate::settings::{PartialSettings, Secret};

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::parse_arguments(
        std::iter::once("aw-sync-agent")
            .chain(line.split_whitespace())
            .map(OsString::from),
    )
}

fn settings(line: &str) -> PartialSettings {
    PartialSettings::from(&parse(line).unwrap().flags)
}

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn short_help_fits_on_a_screen() {
    insta::assert_snapshot!(Cli::command().render_help(), @"
    Carries the activity of your machines from ActivityWatch into Prometheus, for Grafana

    Usage: aw-sync-agent [OPTIONS] [COMMAND]

    Commands:
      sync         Sync once and exit
      preview      Show what would leave on a day, without sending it
      export       Write a stretch of time to a file, for Prometheus's own import
      backfill     Send what the receiver does not have of the past
      status       Show what has been sent and what has not
      verify       Compare a day in ActivityWatch with what was stored of it
      doctor       Find out what is wrong at either end, and what to type against it
      config       Show the settings, or write the first settings file
      autostart    Have aw-qt or aw-tauri start it, or see whether they do
      service      Have the system start it from now on, and manage what it started
      completions  Print what a shell needs to complete flags and commands
      help         Print this message or the help of the given subcommand(s)

    Options:
          --service  Have the system start it from now on, and start it now
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Settings:
          --aw-url <URL>                  URL to read from [default: found or http://127.0.0.1:5600]
          --prometheus-url <URL>          URL to send samples to [default: http://127.0.0.1:9090]
          --cron <SCHEDULE>               Crontab schedule, local time [default: */5 * * * *]
          --excluded-watchers <PATTERNS>  Watchers to leave out, separated by | [default: none]
          --included-watchers <PATTERNS>  The only watchers to take, separated by | [default: all]
          --min-data <NUMBER>             Events that a bucket needs to be taken [default: 5]
          --user-id <NAME>                The label `user` of every series [default: computer's name]

    ActivityWatch:
          --host <HOST>  Host of ActivityWatch, a name or address [default: 127.0.0.1]
          --port <PORT>  Port of ActivityWatch [default: 5600, or 5666 when testing]
          --testing      Use ActivityWatch's testing server, and settings and state of its own
          --verbose      Log more, for finding a fault

    Examples:
      aw-sync-agent                                         sync every five minutes until stopped
      aw-sync-agent sync                                    sync once
      aw-sync-agent --prometheus-url http://desk.lan:9090   send to another machine
      aw-sync-agent --excluded-watchers 'aw-watcher-web-*'  leave browsers out
      aw-sync-agent doctor                                  find out why nothing arrives
      aw-sync-agent verify --day 2026-11-20                 prove that a day arrived whole
      aw-sync-agent config show                             print all settings and their origins
    ");
}

#[test]
fn long_help_says_what_each_flag_leads_to() {
    let help = Cli::command().render_long_help().to_string();
    for variable in [
        "ACTIVITY_WATCH_URL",
        "PROMETHEUS_URL",
        "CRON",
        "EXCLUDED_WATCHERS",
        "INCLUDED_WATCHERS",
        "MIN_DATA",
        "USER_ID",
    ] {
        assert!(help.contains(variable), "{variable}");
    }
    let widest = help
        .lines()
        .max_by_key(|line| line.chars().count())
        .unwrap();
    assert!(widest.chars().count() <= 98, "{widest}");
}

#[test]
fn flags_hold_before_and_after_the_command() {
    for line in [
        "--testing --min-data 7 sync",
        "sync --testing --min-data 7",
        "--testing sync --min-data=7",
    ] {
        let cli = parse(line).unwrap();
        assert_eq!(cli.command, Some(Command::Sync), "{line}");
        assert!(cli.flags.testing, "{line}");
        assert_eq!(cli.flags.min_data, Some(7), "{line}");
    }
}

#[test]
fn no_flag_is_no_setting() {
    assert_eq!(settings(""), PartialSettings::default());
}

#[test]
fn lists_are_repeated_or_separated() {
    let watchers = settings("--excluded-watchers a|b| --excluded-watchers c").excluded_watchers;
    assert_eq!(watchers.unwrap(), ["a", "b", "c"]);
    assert_eq!(settings("--included-watchers=|").included_watchers, None);
    let servers = settings("--aw-url http://a --aw-url http://b").aw_url;
    assert_eq!(
        servers.unwrap(),
        [Secret::from("http://a"), Secret::from("http://b")]
    );
}

#[test]
fn host_and_port_are_a_server() {
    for (line, address) in [
        ("--port 5601", "http://127.0.0.1:5601"),
        ("--host desk.lan", "http://desk.lan:5600"),
        ("--host desk.lan --testing", "http://desk.lan:5666"),
    ] {
        assert_eq!(
            settings(line).aw_url.unwrap(),
            [Secret::from(address)],
            "{line}"
        );
    }
    assert_eq!(settings("--testing").aw_url, None);
    assert!(parse("--aw-url http://a --port 5601").is_err());
}

#[test]
fn commands_are_understood() {
    for (line, command) in [
        ("status --json", Command::Status { json: true }),
        ("config path", Command::Config(ConfigCommand::Path)),
        ("config init", Command::Config(ConfigCommand::Init)),
        (
            "completions fish",
            Command::Completions { shell: Shell::Fish },
        ),
        ("man", Command::Man),
        (
            "service logs -f",
            Command::Service(ServiceCommand::Logs { follow: true }),
        ),
        (
            "autostart enable",
            Command::Autostart {
                action: AutostartAction::Enable,
                launcher: None,
            },
        ),
        (
            "autostart status --launcher aw-tauri",
            Command::Autostart {
                action: AutostartAction::Status,
                launcher: Some(Launcher::AwTauri),
            },
        ),
        (
            "-testConfig -minData 7",
            Command::Config(ConfigCommand::Show),
        ),
    ] {
        assert_eq!(parse(line).unwrap().command, Some(command), "{line}");
    }
    assert_eq!(parse("-immediate -awUrl=http://a").unwrap().command, None);
}

#[test]
fn usage_errors_exit_2_and_show_no_password() {
    for line in [
        "--min-data few",
        "--nonsense",
        "nonsense",
        "--port 70000",
        "config",
        "autostart",
        "autostart --launcher aw-qt",
        "autostart enable --launcher systemd",
        "service",
        "--service sync",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
    let error = parse("--aw-url http://ada:hunter2@a --host b")
        .unwrap_err()
        .to_string();
    assert!(!error.contains("hunter2"), "{error}");
    let flags = parse("--prometheus-url http://ada:hunter2@a")
        .unwrap()
        .flags;
    assert!(!format!("{flags:?}").contains("hunter2"));
}

#[test]
fn flags_can_be_written_down_and_read_again() {
    let all = [
        "--aw-url=http://a",
        "--aw-url=http://ada:hunter2@b/?c=d e",
        "--prometheus-url=-",
        "--cron=0 9 * * *",
        "--excluded-watchers=a*",
        "--excluded-watchers=",
        "--included-watchers=--testing",
        "--min-data=7",
        "--user-id=a=b",
        "--testing",
        "--verbose",
    ];
    let server = ["--host=desk.lan", "--port=5601"];
    for arguments in [&all[..], &server, &[]] {
        let program = ["aw-sync-agent"].iter().chain(arguments);
        let cli = Cli::parse_arguments(program.map(OsString::from)).unwrap();
        assert_eq!(cli.flags.to_arguments(), arguments);
    }
    for (line, expected) in [
        ("--aw-url http://ada:hunter2@a", true),
        ("--prometheus-url http://ada:hunter2@a", true),
        ("--aw-url http://a --prometheus-url http://b", false),
    ] {
        assert_eq!(
            parse(line).unwrap().flags.hold_password(),
            expected,
            "{line}"
        );
    }
}

#[test]
fn of_a_flag_given_twice_the_last_counts() {
    let flags = parse("--min-data 1 sync --min-data 2").unwrap().flags;
    assert_eq!(flags.min_data, Some(2));
    let flags = parse("--aw-url http://a --aw-url http://b").unwrap().flags;
    assert_eq!(flags.aw_url.len(), 2);
}
