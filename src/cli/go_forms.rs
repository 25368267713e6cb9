//! The flags of the agent's predecessor, a Go program, in today's words.
//!
//! Go takes one dash or two, and a value after `=` or in the next argument; a switch takes a value only after `=`.

use std::ffi::OsString;

const WITH_VALUE: [(&str, &str); 7] = [
    ("awUrl", "--aw-url"),
    ("cron", "--cron"),
    ("excludedWatchers", "--excluded-watchers"),
    ("includedWatchers", "--included-watchers"),
    ("minData", "--min-data"),
    ("prometheusUrl", "--prometheus-url"),
    ("userId", "--user-id"),
];

/// Rewrites the predecessor's flags among `arguments`, the program's name included; all else is left as it is.
///
/// `-immediate` vanishes, since the daemon begins with a pass anyway; `-testConfig` becomes `config show`, which ends
/// with the exit code 2 if the settings are bad. After `--` nothing is a flag.
pub(super) fn rewrite(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments = arguments.into_iter();
    let mut rewritten = Vec::new();
    let mut shows_settings = false;
    for argument in arguments.by_ref() {
        match argument.to_str().map(classify) {
            Some(Argument::End) => {
                rewritten.push(argument);
                break;
            }
            Some(Argument::Renamed(flag)) => rewritten.push(flag.into()),
            Some(Argument::Immediate) => {}
            Some(Argument::TestConfig(wanted)) => shows_settings = wanted,
            Some(Argument::Service(wanted)) => {
                if wanted {
                    rewritten.push("--service".into());
                }
            }
            Some(Argument::Other) | None => rewritten.push(argument),
        }
    }
    rewritten.extend(arguments);
    if shows_settings {
        rewritten.extend(["config".into(), "show".into()]);
    }
    rewritten
}

enum Argument {
    End,
    Renamed(String),
    Immediate,
    TestConfig(bool),
    Service(bool),
    Other,
}

fn classify(argument: &str) -> Argument {
    if argument == "--" {
        return Argument::End;
    }
    let Some(flag) = argument
        .strip_prefix("--")
        .or_else(|| argument.strip_prefix('-'))
    else {
        return Argument::Other;
    };
    let (name, value) = match flag.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (flag, None),
    };
    if let Some((_, renamed)) = WITH_VALUE.iter().find(|(old, _)| *old == name) {
        return Argument::Renamed(match value {
            Some(value) => format!("{renamed}={value}"),
            None => (*renamed).to_owned(),
        });
    }
    match (name, value.map_or(Some(true), switch)) {
        ("immediate", Some(_)) => Argument::Immediate,
        ("testConfig", Some(wanted)) => Argument::TestConfig(wanted),
        ("service", Some(wanted)) => Argument::Service(wanted),
        _ => Argument::Other,
    }
}

/// Reads a switch's value as Go's `strconv.ParseBool` does.
fn switch(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_predecessors_flags_become_todays() {
        for (old, new) in [
            (
                "-awUrl=http://a --awUrl http://b",
                "--aw-url=http://a --aw-url http://b",
            ),
            (
                "-prometheusUrl http://a?b=c",
                "--prometheus-url http://a?b=c",
            ),
            (
                "--prometheusUrl=http://a?b=c",
                "--prometheus-url=http://a?b=c",
            ),
            (
                "-excludedWatchers=a|b -includedWatchers c",
                "--excluded-watchers=a|b --included-watchers c",
            ),
            (
                "-minData 7 -userId=ada -cron=@hourly",
                "--min-data 7 --user-id=ada --cron=@hourly",
            ),
            ("-immediate --immediate=false -immediate=T", ""),
            ("-testConfig -minData=7", "--min-data=7 config show"),
            ("-testConfig=false", ""),
            ("-immediate=maybe", "-immediate=maybe"),
            (
                "-service --service=1 -service=false service",
                "--service --service service",
            ),
            ("--min-data 7 status --json", "--min-data 7 status --json"),
            ("-- -testConfig", "-- -testConfig"),
            ("-h --verbose - x", "-h --verbose - x"),
        ] {
            let rewritten = rewrite(old.split_whitespace().map(OsString::from));
            assert_eq!(
                rewritten,
                new.split_whitespace()
                    .map(OsString::from)
                    .collect::<Vec<_>>(),
                "{old}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_text_is_left_alone() {
        use std::os::unix::ffi::OsStringExt;
        let odd = OsString::from_vec(vec![b'-', 0xff]);
        assert_eq!(rewrite([odd.clone()]), [odd]);
    }
}
