//! The agent's metrics of itself.

use std::time::Duration;

use super::{Synchronizer, common_labels};
use crate::metrics::{Labels, Sample, Series};
use crate::remote_write::{Outcome, Parcel, Patience, deliver};
use crate::timeline::Time;

impl Synchronizer {
    /// Sends how the agent fares, after all else: a Prometheus without an out-of-order window refuses what is an hour
    /// behind. Nothing is kept of it; if it does not arrive, the next pass has newer ones.
    pub(super) async fn send_own(&self, now: Time, lag: Duration) {
        let endpoint = self.endpoint().cloned().unwrap_or_default();
        let success = endpoint.last_success.unwrap_or(now);
        let seconds = |time: Time| time.since(Time::EPOCH).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 samples")]
        let own = [
            self.own(
                "aw_sync_last_success_timestamp_seconds",
                now,
                seconds(success),
            ),
            self.own("aw_sync_lag_seconds", now, lag.as_secs_f64()),
            self.own(
                "aw_sync_samples_sent_total",
                now,
                endpoint.samples_sent as f64,
            ),
            self.own(
                "aw_sync_samples_refused_total",
                now,
                endpoint.samples_refused as f64,
            ),
            self.build_info(now),
        ];
        let Some(body) = Parcel::new(own).map(|own| own.batch().body) else {
            return;
        };
        let patience = Patience::Each(Duration::ZERO);
        let outcome = deliver(&self.destination, &body, Some(false), patience)
            .await
            .outcome;
        if outcome != Outcome::Delivered {
            log::debug!("the agent's own metrics were not taken: {outcome:?}");
        }
    }

    /// Returns a sample that nothing else has: whatever was sent before it has been stored once it is to be seen, or
    /// never will be.
    pub(super) fn fence(&mut self) -> Series {
        self.fences += 1;
        let at = self.now + Duration::from_millis(self.fences);
        self.build_info(at)
    }

    fn build_info(&self, at: Time) -> Series {
        let mut series = self.own("aw_sync_build_info", at, 1.0);
        let labels = series
            .labels
            .iter()
            .chain([("version", env!("CARGO_PKG_VERSION"))]);
        series.labels =
            Labels::new(labels.map(|(name, value)| (name.to_owned(), value.to_owned())));
        series
    }

    /// Returns a sample of the agent itself, with the labels of this machine. Rules have no say: there is nothing in it
    /// that anybody did.
    fn own(&self, metric: &'static str, at: Time, value: f64) -> Series {
        let common = common_labels(&self.settings, &self.settings.machine);
        let name = ("__name__".into(), metric.to_owned());
        Series {
            labels: Labels::new(common.into_iter().chain([name])),
            samples: vec![Sample {
                timestamp_ms: at.millis(),
                value,
            }],
        }
    }
}
