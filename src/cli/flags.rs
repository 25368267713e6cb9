//! The flags that hold for every command, and the layer of settings that they are.

use clap::Args;

use crate::settings::{PartialSettings, Secret, server_address};

/// Flags that hold for every command, before or after its name.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
#[expect(
    clippy::doc_markdown,
    reason = "clap prints these comments as they are"
)]
pub struct Flags {
    /// URL to read from [default: found or http://127.0.0.1:5600]
    ///
    /// Without it, the server is the one that ActivityWatch's own settings name. Give the flag once for each server
    /// to carry the activity of several machines. [env: ACTIVITY_WATCH_URL, separated by commas]
    #[arg(long, global = true, value_name = "URL", value_parser = secret, conflicts_with_all = ["host", "port"])]
    pub aw_url: Vec<Secret>,

    /// URL to send samples to [default: http://127.0.0.1:9090]
    ///
    /// A URL without a path gets /api/v1/write, any other is used as it is. Prometheus must run with
    /// --web.enable-remote-write-receiver. A user and password in the URL are sent as basic auth, but other users of
    /// this machine can see them on the command line; the settings file is safer. If that file has several
    /// destinations, the URL is that of the first, in place of its own. [env: PROMETHEUS_URL]
    #[arg(long, global = true, value_name = "URL", value_parser = secret)]
    pub prometheus_url: Option<Secret>,

    /// Crontab schedule, local time [default: */5 * * * *]
    ///
    /// Five fields (minute, hour, day, month, weekday), six with seconds first, or @hourly, @daily, @every 5m. A run
    /// that is missed loses nothing, since the next one sends what it would have sent. [env: CRON]
    #[arg(long, global = true, value_name = "SCHEDULE")]
    pub cron: Option<String>,

    /// Watchers to leave out, separated by | [default: none]
    ///
    /// Each is a pattern for a bucket's id or client; * stands for any text. What is left out is not sent; if it is
    /// taken again later, all that it missed is sent then. Repeatable. [env: EXCLUDED_WATCHERS]
    #[arg(long, global = true, value_name = "PATTERNS", value_delimiter = '|')]
    pub excluded_watchers: Vec<String>,

    /// The only watchers to take, separated by | [default: all]
    ///
    /// The patterns are those of --excluded-watchers, which is stronger. Repeatable. [env: INCLUDED_WATCHERS]
    #[arg(long, global = true, value_name = "PATTERNS", value_delimiter = '|')]
    pub included_watchers: Vec<String>,

    /// Events that a bucket needs to be taken [default: 5]
    ///
    /// Keeps out watchers that were tried once. A bucket that reaches the number is sent from its first event on;
    /// windows and AFK are always taken. [env: MIN_DATA]
    #[arg(long, global = true, value_name = "NUMBER")]
    pub min_data: Option<usize>,

    /// The label `user` of every series [default: computer's name]
    ///
    /// Keep it once chosen: under another name the same time is a new series, which no query adds to the old one by
    /// itself. [env: USER_ID]
    #[arg(long, global = true, value_name = "NAME")]
    pub user_id: Option<String>,

    /// Host of ActivityWatch, a name or address [default: 127.0.0.1]
    ///
    /// A short form of --aw-url that all ActivityWatch programs share; cannot be given together with it.
    #[arg(
        long,
        global = true,
        help_heading = "ActivityWatch",
        value_name = "HOST"
    )]
    pub host: Option<String>,

    /// Port of ActivityWatch [default: 5600, or 5666 when testing]
    ///
    /// A short form of --aw-url that all ActivityWatch programs share; cannot be given together with it.
    #[arg(
        long,
        global = true,
        help_heading = "ActivityWatch",
        value_name = "PORT"
    )]
    pub port: Option<u16>,

    /// Use ActivityWatch's testing server, and settings and state of its own
    ///
    /// The settings are then those of aw-sync-agent-testing.toml, so that nothing done here touches the real ones.
    #[arg(long, global = true, help_heading = "ActivityWatch")]
    pub testing: bool,

    /// Log more, for finding a fault
    ///
    /// The same as `log-level = "debug"` in the settings file.
    #[arg(long, global = true, help_heading = "ActivityWatch")]
    pub verbose: bool,
}

/// Takes any text as a secret: an address may carry a password, and clap would print it back in an error.
#[expect(clippy::unnecessary_wraps, reason = "the signature that clap wants")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::from(text))
}

impl From<&Flags> for PartialSettings {
    fn from(flags: &Flags) -> Self {
        let server = (flags.host.is_some() || flags.port.is_some())
            .then(|| vec![server_address(flags.host.as_deref(), flags.port, flags.testing).into()]);
        Self {
            aw_url: given(&flags.aw_url).or(server),
            prometheus_url: flags.prometheus_url.clone(),
            cron: flags.cron.clone(),
            excluded_watchers: given(&patterns(&flags.excluded_watchers)),
            included_watchers: given(&patterns(&flags.included_watchers)),
            min_data: flags.min_data,
            user_id: flags.user_id.clone(),
            log_level: flags.verbose.then(|| "debug".to_owned()),
            testing: flags.testing.then_some(true),
            ..Self::default()
        }
    }
}

/// Returns the patterns without blank ones: a trailing `|` or an empty variable of a script is not a choice.
fn patterns(texts: &[String]) -> Vec<String> {
    let trimmed = texts.iter().map(|text| text.trim());
    trimmed
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A repeatable flag that was not given is silent; an empty list would hide those of the other layers.
fn given<T: Clone>(values: &[T]) -> Option<Vec<T>> {
    (!values.is_empty()).then(|| values.to_vec())
}
