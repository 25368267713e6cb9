//! The command line: flags, commands and their help.

mod flags;
mod go_forms;
mod service;

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::day::{DayName, Since};
use crate::launcher::Launcher;

pub use flags::Flags;
pub use service::ServiceCommand;

const EXAMPLES: &str = "\
Examples:
  aw-sync-agent                                         sync every five minutes until stopped
  aw-sync-agent sync                                    sync once
  aw-sync-agent --prometheus-url http://desk.lan:9090   send to another machine
  aw-sync-agent --excluded-watchers 'aw-watcher-web-*'  leave browsers out
  aw-sync-agent doctor                                  find out why nothing arrives
  aw-sync-agent verify --day 2026-11-20                 prove that a day arrived whole
  aw-sync-agent config show                             print all settings and their origins";

/// Carries the activity of your machines from ActivityWatch into Prometheus, for Grafana
///
/// Without a command it stays, syncs at once and then on a schedule. What is listed under "Settings" can also be a
/// line of the settings file (`aw-sync-agent config path` names it) or an environment variable; flags are the
/// strongest.
#[derive(Debug, Parser)]
#[command(name = "aw-sync-agent", version, args_override_self = true, max_term_width = 98, after_help = EXAMPLES)]
pub struct Cli {
    /// Have the system start it from now on, and start it now
    ///
    /// The same as `service install` and then `service restart`.
    #[arg(long)]
    pub service: bool,
    /// Flags that hold for every command.
    #[command(flatten)]
    pub flags: Flags,
    /// What to do; without one, the daemon runs.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// Parses a command line, the program's name first; the flags of the predecessor are understood too.
    ///
    /// # Errors
    /// A usage error, or the help or version that was asked for: print it and exit with its exit code.
    pub fn parse_arguments(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, clap::Error> {
        let cli = Self::try_parse_from(go_forms::rewrite(arguments))?;
        if cli.service && cli.command.is_some() {
            let problem = "the argument '--service' cannot be used with a command";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, problem));
        }
        Ok(cli)
    }
}

/// A command; without one, the daemon runs.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Sync once and exit
    Sync,
    /// Show what would leave on a day, without sending it
    ///
    /// With several destinations, it is shown for each, by the rules that hold for it.
    Preview {
        /// Day: 2026-11-24, today or yesterday
        #[arg(long, value_name = "DAY", default_value = "yesterday")]
        day: DayName,
        /// How to print it
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
        format: Format,
    },
    /// Write a stretch of time to a file, for Prometheus's own import
    ///
    /// The file holds what `sync` would send, as OpenMetrics sorted by series. `promtool` makes blocks of it for
    /// Prometheus, so that history can be brought in without an out-of-order window; the command is printed at the end.
    /// Nothing is sent and nothing is remembered; `history` in the settings keeps `sync` from sending the same again.
    /// With several destinations, it is what the first one gets, by the rules that hold for it.
    Export {
        /// First day: 2026-11-24, today, yesterday, or all
        ///
        /// By the local calendar. `all` begins with the first activity that there is; it is the default for --input.
        #[arg(long, value_name = "DAY", required_unless_present_any = ["input", "refused"])]
        since: Option<Since>,
        /// Last day, the day itself included [default: all that is final]
        ///
        /// What is younger than `settle` is never part of it, but for --input.
        #[arg(long, value_name = "DAY")]
        until: Option<DayName>,
        /// File to write; - is standard output, .gz compresses
        ///
        /// It appears once it is whole: if anything cannot be read, nothing is written, and the exit code is 3.
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
        /// Export of ActivityWatch to read, instead of a server
        ///
        /// What Raw Data > Export gives, of all buckets or of one: of a phone, or of a machine that is gone. No server
        /// is asked, so categories are those of the settings. Repeatable: a bucket may be in several of them.
        #[arg(long, value_name = "FILE")]
        input: Vec<PathBuf>,
        /// Only what the receiver has refused, as `status` lists it
        #[arg(long, conflicts_with_all = ["since", "until", "input"])]
        refused: bool,
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
    },
    /// Send what the receiver does not have of the past
    ///
    /// It is asked what it has, and gets what is missing: what it has refused and takes by now, or events that came into
    /// an old day. What it has otherwise than it would be sent now stays as it is, and is counted. Nothing else works
    /// with the agent's state meanwhile: end the daemon first. What is interrupted goes on where it was when repeated.
    Backfill {
        /// What was refused, as `status` lists it
        #[arg(long, required_unless_present = "since")]
        refused: bool,
        /// First day: 2026-11-24, today, yesterday, or all
        ///
        /// By the local calendar. With --refused, only that of it which was refused.
        #[arg(long, value_name = "DAY")]
        since: Option<Since>,
        /// Last day, the day itself included [default: all that was sent]
        #[arg(long, value_name = "DAY")]
        until: Option<DayName>,
        /// How many samples to send a second at most [default: as fast as the receiver takes them]
        #[arg(long, value_name = "SAMPLES")]
        rate: Option<NonZeroU32>,
    },
    /// Show what has been sent and what has not
    Status {
        /// Print it as JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Compare a day in ActivityWatch with what was stored of it
    ///
    /// Asks ActivityWatch the query of its own Activity view, and the receiver for the sums that a dashboard shows, and
    /// prints both side by side, by app and by category. Ends with 1 if they differ by more than ActivityWatch rounds.
    /// With several destinations, each is asked in turn.
    Verify {
        /// The day, by local time: a date, yesterday or today [default: yesterday]
        #[arg(long, value_name = "DAY", conflicts_with = "since")]
        day: Option<DayName>,

        /// The first of several days, the last of which is yesterday
        #[arg(long, value_name = "DAY")]
        since: Option<DayName>,

        /// Print it as JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Find out what is wrong at either end, and what to type against it
    ///
    /// Looks at the settings, the state, each ActivityWatch server with its watchers, and the receiver, which gets a
    /// request that holds nothing. Ends with 0 if samples can flow, 2 if a setting has to change first, 3 if somebody
    /// does not answer, 4 if the state cannot be worked with.
    Doctor {
        /// Print it as JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Show the settings, or write the first settings file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Have aw-qt or aw-tauri start it, or see whether they do
    ///
    /// One line of the launcher's own settings is changed and nothing else; before the first change they are copied.
    Autostart {
        /// What to do
        action: AutostartAction,
        /// Only this one [default: all that are found]
        #[arg(long)]
        launcher: Option<Launcher>,
    },
    /// Have the system start it from now on, and manage what it started
    ///
    /// On Linux it becomes a systemd unit of the user, on macOS an agent of launchd, and on Windows, where only an
    /// administrator can have it so, a service that starts before anybody logs on. The flags that are given with
    /// `service install` are those that it has.
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Print what a shell needs to complete flags and commands
    ///
    /// Packages have it where shells look. For bash, without one:
    /// aw-sync-agent completions bash > ~/.local/share/bash-completion/completions/aw-sync-agent
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    ///
    /// Packages have it where man(1) looks. Without one: aw-sync-agent man | man -l -
    #[command(hide = true)]
    Man,
}

/// What to do with a launcher's list of modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AutostartAction {
    /// Add the agent to it
    Enable,
    /// Remove the agent from it
    Disable,
    /// Print whether the agent is in it
    Status,
}

/// How a preview is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Totals, for a person
    #[default]
    Table,
    /// Every sample; with several destinations, as the first one gets them
    Openmetrics,
    /// Totals, for a program; with several destinations, one document for each
    Json,
}

/// What to do with the settings.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting, with secrets masked, and where it comes from; exit 2 if one is bad
    Show,
    /// Print the path of the settings file
    Path,
    /// Write a settings file with commented defaults, unless there is one
    Init,
    /// Print the settings file that those of aw-sync-suite's agent come to, its filters as rules on labels
    Import {
        /// Its files: aw-sync-settings.yaml, and the one of its filters
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

#[cfg(test)]
mod tests;
