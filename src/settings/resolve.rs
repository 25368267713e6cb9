//! From what the layers say to settings that can be worked with: defaults are filled in and every value is checked.

use std::{collections::BTreeMap, path::Path, str::FromStr, time::Duration};

use chrono::NaiveTime;
use log::LevelFilter;
use reqwest::Url;

use super::{
    Settings, api_key, aw_server, categories, duration,
    error::{Fault, Problem},
    labels,
    origin::Origins,
    partial::PartialSettings,
    relabel, remote_write,
    schedule::Schedule,
    watchers::Watchers,
};
use crate::timeline::STEP;

const DEFAULT_CRON: &str = "*/5 * * * *";
const DEFAULT_MIN_DATA: usize = 5;
const DEFAULT_SETTLE: &str = "5m";
const DEFAULT_MIN_BREAK: &str = "5m";
const DEFAULT_HISTORY: &str = "all";
const DEFAULT_SERIES_BUDGET: usize = 2000;
const DEFAULT_LOG_LEVEL: &str = "info";

/// Validates merged layers; `found` is the server to read if no layer names one, `directory` where other files are
/// looked for, `origins` where the values come from.
pub(super) fn resolve(
    partial: PartialSettings,
    found: Url,
    directory: &Path,
    origins: &Origins,
) -> Result<Settings, Fault> {
    let api_key = api_key::resolve(
        partial.aw_api_key,
        partial.aw_api_key_file,
        directory,
        origins.of("aw-api-key"),
    )?;
    let included = partial.included_watchers.unwrap_or_default();
    let labels = partial.labels.unwrap_or_default();
    labels::check(&labels)?;
    let hosts = partial.hosts.unwrap_or_default();
    for (host, name) in &hosts {
        labels::check_value(&format!("hosts.{}", super::shown::key(host)), name)?;
    }
    Ok(Settings {
        aw_servers: aw_server::resolve(partial.aw_url, found, api_key.as_ref())?,
        remote_write: remote_write::resolve_all(
            partial.remote_write.unwrap_or_default(),
            partial.prometheus_url.as_ref(),
            directory,
        )?,
        schedule: schedule(partial.cron.as_deref().unwrap_or(DEFAULT_CRON))?,
        included_watchers: if included.is_empty() {
            None
        } else {
            Some(Watchers::new("included-watchers", included)?)
        },
        excluded_watchers: Watchers::new(
            "excluded-watchers",
            partial.excluded_watchers.unwrap_or_default(),
        )?,
        min_data: partial.min_data.unwrap_or(DEFAULT_MIN_DATA),
        user: user(partial.user_id)?,
        settle: duration::parse(
            "settle",
            partial.settle.as_deref().unwrap_or(DEFAULT_SETTLE),
        )?,
        history: history(partial.history.as_deref().unwrap_or(DEFAULT_HISTORY))?,
        machine: machine(&hosts),
        series_budget: partial.series_budget.unwrap_or(DEFAULT_SERIES_BUDGET),
        min_break: duration::at_least(
            STEP,
            "min-break",
            partial.min_break.as_deref().unwrap_or(DEFAULT_MIN_BREAK),
        )?,
        start_of_day: partial
            .start_of_day
            .map(|value| start_of_day(&value))
            .transpose()?,
        synced_buckets: partial.synced_buckets.unwrap_or(false),
        log_level: log_level(partial.log_level.as_deref().unwrap_or(DEFAULT_LOG_LEVEL))?,
        labels,
        hosts,
        categories_file: partial
            .categories_file
            .map(|path| categories::file(&path, directory))
            .transpose()?,
        category: categories::own(partial.category.unwrap_or_default())?,
        relabel: relabel::rules("relabel", partial.relabel.unwrap_or_default())?,
        testing: partial.testing.unwrap_or(false),
    })
}

fn schedule(cron: &str) -> Result<Schedule, Fault> {
    Schedule::from_str(cron).map_err(|error| Problem::Schedule(error).of("cron"))
}

fn user(user_id: Option<String>) -> Result<String, Fault> {
    let user = user_id.unwrap_or_else(|| gethostname::gethostname().to_string_lossy().into_owned());
    labels::check_value("user-id", &user)?;
    Ok(user)
}

fn machine(hosts: &BTreeMap<String, String>) -> String {
    let name = gethostname::gethostname().to_string_lossy().into_owned();
    hosts.get(&name).cloned().unwrap_or(name)
}

fn history(value: &str) -> Result<Option<Duration>, Fault> {
    match value {
        "all" => Ok(None),
        value => duration::parse("history", value).map(Some),
    }
}

fn start_of_day(value: &str) -> Result<NaiveTime, Fault> {
    NaiveTime::parse_from_str(value, "%H:%M")
        .map_err(|_| Problem::StartOfDay(value.to_owned()).of("start-of-day"))
}

fn log_level(value: &str) -> Result<LevelFilter, Fault> {
    value
        .parse()
        .map_err(|_| Problem::Level(value.to_owned()).of("log-level"))
}
