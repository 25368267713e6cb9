//! What Prometheus and VictoriaMetrics have in common: remote write and the query API.

use std::collections::BTreeMap;
use std::path::Path;

use aw_sync_agent::metrics::Series;
use aw_sync_agent::remote_write::Parcel;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::activity::Totals;
use super::http;

pub(crate) type Labels = BTreeMap<String, String>;

pub(crate) trait Receiver {
    fn url(&self) -> String;

    /// Lets it end in its own way.
    fn stop(&mut self);

    /// Starts it on the same port with the same data, after ending it if it runs.
    fn restart(&mut self);

    /// Where its data and logs are.
    fn directory(&self) -> &Path;

    /// The `Authorization` header that it wants.
    fn authorization(&self) -> Option<&str> {
        None
    }

    /// Stores `series`, as another writer might.
    fn store(&self, series: &[Series]) {
        let parcel = Parcel::new(series.iter().cloned()).expect("there is something to store");
        let url = self.url() + "/api/v1/write";
        let reply = http::post_samples(&url, &parcel.batch().body).expect("the receiver is there");
        assert_eq!(reply.status, 204, "{}", reply.body);
    }

    /// Makes all that was acknowledged visible to the next question.
    fn flush(&self) {}

    /// Returns the vector that `promql` yields at the instant `at`.
    fn query(&self, promql: &str, at: DateTime<Utc>) -> Vec<(Labels, f64)> {
        let answer = self.instant_query(promql, at);
        found(&answer)
            .map(|series| (labels(&series["metric"]), sample(&series["value"]).1))
            .collect()
    }

    /// Returns the seconds in `[from, to)` by the values of `label`, as a dashboard asks for them.
    fn totals(
        &self,
        selector: &str,
        label: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Totals {
        let seconds = (to - from).num_seconds().max(1); // PromQL knows no empty range
        let promql = format!("sum by ({label}) (sum_over_time({selector}[{seconds}s]))");
        self.query(&promql, to)
            .into_iter()
            .map(|(mut labels, sum)| (labels.remove(label).unwrap_or_default(), sum))
            .collect()
    }

    /// Returns each stored sample of the `range_seconds` before `at`, as (Unix milliseconds,
    /// value): one that is stored twice comes twice. Whether a sample exactly that old is in
    /// differs between versions.
    fn raw_samples(
        &self,
        selector: &str,
        range_seconds: u64,
        at: DateTime<Utc>,
    ) -> BTreeMap<Labels, Vec<(i64, f64)>> {
        let answer = self.instant_query(&format!("{selector}[{range_seconds}s]"), at);
        found(&answer)
            .map(|series| {
                let samples = series["values"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(sample)
                    .collect();
                (labels(&series["metric"]), samples)
            })
            .collect()
    }

    /// Returns how many series match that have a sample before `at`, however old. VictoriaMetrics
    /// lists some in `/api/v1/series` before their samples can be read.
    fn series_count(&self, selector: &str, at: DateTime<Utc>) -> usize {
        // A range that reaches back beyond 1970 yields nothing on old VictoriaMetrics.
        self.query(&format!("last_over_time({selector}[20000d])"), at)
            .len()
    }

    fn instant_query(&self, promql: &str, at: DateTime<Utc>) -> Value {
        self.flush();
        let at = at.timestamp_millis();
        let time = format!("{}.{:03}", at.div_euclid(1000), at.rem_euclid(1000));
        // VictoriaMetrics else hides the newest 30 s and remembers answers; Prometheus does not
        // know the field.
        let fields = [("query", promql), ("time", &time), ("nocache", "1")];
        http::post_form(
            &(self.url() + "/api/v1/query"),
            self.authorization(),
            &fields,
        )
        .unwrap_or_else(|error| panic!("{promql}: {error}"))
        .json(promql)
    }
}

fn found(answer: &Value) -> impl Iterator<Item = &Value> {
    answer["data"]["result"].as_array().into_iter().flatten()
}

fn labels(metric: &Value) -> Labels {
    let labels = metric.as_object().into_iter().flatten();
    labels
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// Reads `[<seconds>, "<value>"]`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the milliseconds of any year fit"
)]
fn sample(pair: &Value) -> (i64, f64) {
    let seconds = pair[0].as_f64().expect("a sample has a time");
    let value = pair[1]
        .as_str()
        .and_then(|value| value.parse().ok())
        .expect("a sample has a value");
    ((seconds * 1000.0).round() as i64, value)
}
