//! `man`: the manual page, made of the help, and of what the help has no place for.

use std::io::{self, Write};

use clap::CommandFactory as _;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::Cli;
use crate::settings::VARIABLES;

const EXIT_CODES: [(&str, &str); 5] = [
    ("0", "All that was asked for is done."),
    (
        "1",
        "The receiver refused samples in this run, or verify found a difference.",
    ),
    (
        "2",
        "A flag, a setting or an address is wrong: trying again is of no use.",
    ),
    (
        "3",
        "A server could not be reached, or a bucket not be read: trying again may help.",
    ),
    (
        "4",
        "The agent's own state could not be read, written or locked.",
    ),
];

/// Not those of the user who makes the page: it is read by others.
const FILES: [(&str, &str); 4] = [
    (
        "$XDG_CONFIG_HOME/activitywatch/aw-sync-agent/aw-sync-agent.toml",
        "The settings, by default in ~/.config. Written with commented defaults on the first start. With --testing, \
         aw-sync-agent-testing.toml. Where it is on other systems, `aw-sync-agent config path` says.",
    ),
    (
        "$XDG_DATA_HOME/activitywatch/aw-sync-agent/",
        "The state, by default in ~/.local/share: how far everything has come. Without it the agent asks the receiver \
         what is there already.",
    ),
    (
        "$XDG_CACHE_HOME/activitywatch/log/aw-sync-agent/",
        "The log files of the daemon, by default in ~/.cache, the ten newest.",
    ),
    (
        "$XDG_CONFIG_HOME/systemd/user/aw-sync-agent.service",
        "What `aw-sync-agent service install` writes. The one of a package is in /usr/lib/systemd/user.",
    ),
];

/// The variables that are not settings.
const ENVIRONMENT: [(&str, &str); 3] = [
    (
        "LOG_LEVEL",
        "How much is logged: off, error, warn, info, debug or trace. Stronger than the setting log-level.",
    ),
    (
        "RUST_LOG",
        "The same by module, as in aw_sync_agent::remote_write=trace. Stronger than LOG_LEVEL.",
    ),
    (
        "HTTP_PROXY, HTTPS_PROXY, NO_PROXY",
        "The proxies to a receiver on another machine. A server on this machine is never asked through one.",
    ),
];

/// Prints the page as roff.
///
/// # Errors
/// Those of `out`.
pub fn print(out: &mut impl Write) -> io::Result<()> {
    let command = Cli::command().override_usage("aw-sync-agent [OPTIONS] [COMMAND]");
    let man = Man::new(command);
    // Not by `render_title`: it does not quote an empty date, and what follows would move up.
    writeln!(
        out,
        r#".TH AW-SYNC-AGENT 1 "" "aw-sync-agent {}" "User Commands""#,
        env!("CARGO_PKG_VERSION")
    )?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    section("COMMANDS").to_writer(out)?;
    print_commands(&Cli::command(), "", out)?;
    print_list("EXIT STATUS", EXIT_CODES, out)?;
    let variables = VARIABLES.map(|(key, name)| (name, format!("The setting {key}.")));
    let others = ENVIRONMENT.map(|(name, text)| (name, text.to_owned()));
    print_list("ENVIRONMENT", variables.into_iter().chain(others), out)?;
    print_list("FILES", FILES, out)?;
    print_examples(out)
}

fn section(title: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    roff
}

/// Prints the commands of `parent`, whose full name is `prefix`, each with the flags that it alone has.
fn print_commands(parent: &clap::Command, prefix: &str, out: &mut impl Write) -> io::Result<()> {
    for command in parent.get_subcommands().filter(|it| !it.is_hide_set()) {
        if command.has_subcommands() {
            print_commands(command, &format!("{prefix}{} ", command.get_name()), out)?;
            continue;
        }
        // Not yet built, it has none of the flags that hold for every command.
        let mut command = command.clone().disable_help_flag(true);
        let usage = command.render_usage().to_string();
        let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
        let mut heading = Roff::new();
        heading.control("SS", [format!("{prefix}{usage}").as_str()]);
        heading.to_writer(out)?;
        let man = Man::new(command);
        for part in [Man::render_description_section, Man::render_options_section] {
            out.write_all(&without_heading(|text| part(&man, text))?)?;
        }
    }
    Ok(())
}

/// Returns what `render` writes after the heading of its section.
fn without_heading(render: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    render(&mut text)?;
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    let others = lines.filter(|line| !line.starts_with(b".SH "));
    Ok(others.flatten().copied().collect())
}

fn print_list<T: Into<String>>(
    title: &str,
    items: impl IntoIterator<Item = (&'static str, T)>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut roff = section(title);
    for (term, text) in items {
        roff.control("TP", []);
        roff.text([bold(term)]);
        roff.text([roman(text)]);
    }
    roff.to_writer(out)
}

/// Prints the examples of the help, which have what they do behind them in a column of its own.
fn print_examples(out: &mut impl Write) -> io::Result<()> {
    let help = Cli::command().get_after_help().map(ToString::to_string);
    let mut roff = section("EXAMPLES");
    for line in help.unwrap_or_default().lines() {
        if let Some((command, text)) = line.trim().split_once("  ") {
            roff.control("TP", []);
            roff.text([bold(command)]);
            roff.text([roman(text.trim_start())]);
        }
    }
    roff.to_writer(out)
}
