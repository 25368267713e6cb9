//! What a receiver says of itself: its kind, its flags, how long it keeps samples, and how old they may come.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Client, QueryError, duration};

/// What a server is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct BuildInfo {
    /// Its name, as Mimir gives it; Prometheus and VictoriaMetrics give none.
    pub application: Option<String>,
    /// Its version; that of VictoriaMetrics is the Prometheus that it imitates.
    pub version: Option<String>,
}

#[derive(Deserialize)]
struct RuntimeInfo {
    #[serde(rename = "storageRetention")]
    retention: Option<String>,
}

#[derive(Deserialize)]
struct Config {
    yaml: String,
}

impl Client {
    /// Returns what the server is.
    ///
    /// # Errors
    /// Any [`QueryError`]; [`QueryError::NoQueryApi`] of vmagent.
    pub async fn build_info(&self) -> Result<BuildInfo, QueryError> {
        self.status("status/buildinfo").await
    }

    /// Returns the flags of Prometheus, by name and without dashes, those that nobody set included.
    ///
    /// # Errors
    /// Any [`QueryError`]; [`QueryError::NoQueryApi`] of other receivers.
    pub async fn flags(&self) -> Result<BTreeMap<String, String>, QueryError> {
        self.status("status/flags").await
    }

    /// Returns how long Prometheus keeps samples, in its own words: `15d`, `1y or 5GiB`, or a size only.
    ///
    /// # Errors
    /// Any [`QueryError`]; [`QueryError::NoQueryApi`] of other receivers.
    pub async fn retention(&self) -> Result<Option<String>, QueryError> {
        let info: RuntimeInfo = self.status("status/runtimeinfo").await?;
        Ok(info.retention)
    }

    /// Returns how far behind its newest sample Prometheus takes others; zero if it has no such window. VictoriaMetrics
    /// answers too, with a configuration that says nothing of its own.
    ///
    /// # Errors
    /// Any [`QueryError`].
    pub async fn out_of_order_window(&self) -> Result<Duration, QueryError> {
        let Config { yaml } = self.status("status/config").await?;
        Ok(window(&yaml))
    }

    /// Returns the flags that somebody has set of a server of VictoriaMetrics's family, by name and without dashes; what
    /// is not in here has its default.
    ///
    /// # Errors
    /// Any [`QueryError`]; [`QueryError::NoQueryApi`] of other receivers, and where flags have a key of their own.
    pub async fn victoria_metrics_flags(&self) -> Result<BTreeMap<String, String>, QueryError> {
        let said = self.beside_api("flags").await?;
        said.as_deref()
            .and_then(set_flags)
            .ok_or_else(|| QueryError::NoQueryApi {
                reason: "it shows no flags of VictoriaMetrics".to_owned(),
            })
    }

    /// Returns the version of a server of VictoriaMetrics's family, as in `v1.112.0`; `None` of other receivers, and of
    /// builds that do not know theirs.
    ///
    /// # Errors
    /// Any [`QueryError`].
    pub async fn victoria_metrics_version(&self) -> Result<Option<String>, QueryError> {
        let metrics = self.beside_api("metrics").await?;
        Ok(metrics.as_deref().and_then(short_version))
    }

    /// Returns the text at a path that stands beside the API; `None` if there is none.
    async fn beside_api(&self, name: &str) -> Result<Option<String>, QueryError> {
        let mut url = self.api()?.clone();
        let root = url.path().strip_suffix("/api/v1").unwrap_or(url.path());
        let path = format!("{root}/{name}");
        url.set_path(&path);
        self.text(self.requests().request(Method::GET, url)?).await
    }

    async fn status<T: DeserializeOwned>(&self, path: &str) -> Result<T, QueryError> {
        let request = self.request(Method::GET, self.api()?, path)?;
        self.answer(request).await
    }
}

/// Reads lines such as `-retentionPeriod="100y"`; `None` if it is another text.
fn set_flags(text: &str) -> Option<BTreeMap<String, String>> {
    let flag = |line: &str| {
        let (name, value) = line.strip_prefix('-')?.split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        Some((name.to_owned(), value.to_owned()))
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let flags: Option<BTreeMap<_, _>> = lines.map(flag).collect();
    flags.filter(|flags| !flags.is_empty())
}

/// Reads the version among a server's metrics about itself.
fn short_version(metrics: &str) -> Option<String> {
    let mut lines = metrics.lines();
    let labels = lines.find_map(|line| line.strip_prefix("vm_app_version{"))?;
    let (_, after) = labels.split_once("short_version=\"")?;
    let (version, _) = after.split_once('"')?;
    (!version.is_empty()).then(|| version.to_owned())
}

/// Returns the out-of-order window in a configuration, which has one `tsdb` at most.
fn window(yaml: &str) -> Duration {
    let mut lines = yaml.lines().map(str::trim);
    lines
        .find_map(|line| line.strip_prefix("out_of_order_time_window:"))
        .and_then(|value| duration(value.trim().trim_matches(['"', '\''])))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_names_its_window_or_has_none() {
        let day = Duration::from_hours(24);
        for (yaml, expected) in [
            ("", Duration::ZERO),
            (
                "storage:\n  tsdb:\n    outofordertimewindow: 2592000000\n    out_of_order_time_window: 30d\n",
                30 * day,
            ),
            (
                "storage: \n  tsdb:\n    out_of_order_time_window: 0s\n",
                Duration::ZERO,
            ),
        ] {
            assert_eq!(window(yaml), expected, "{yaml}");
        }
    }

    #[test]
    fn a_version_is_found_among_metrics() {
        for (metrics, expected) in [
            (
                "# HELP a\nvm_app_version{version=\"victoria-metrics-tags-v1.112.0\", short_version=\"v1.112.0\"} 1\nb 2\n",
                Some("v1.112.0"),
            ),
            ("vm_app_version{version=\"\", short_version=\"\"} 1\n", None),
            ("up 1\n", None),
        ] {
            assert_eq!(short_version(metrics).as_deref(), expected, "{metrics}");
        }
    }

    #[test]
    fn only_a_list_of_flags_is_one() {
        let flags =
            set_flags("-dedup.minScrapeInterval=\"1ms\"\n-remoteWrite.url=\"secret\"\n").unwrap();
        assert_eq!(flags["dedup.minScrapeInterval"], "1ms");
        assert_eq!(flags.len(), 2);
        for other in ["", "404 page not found", "<html>", "-a=b", "-a=\"b\"\nmore"] {
            assert_eq!(set_flags(other), None, "{other}");
        }
    }
}
