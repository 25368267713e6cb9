//! What kind the receiver is: whether it counts twice what it gets twice.

use chrono::{DateTime, Utc};

use super::Synchronizer;
use crate::remote_write::{Delivery, Kind, Outcome, Patience, deliver};
use crate::timeline::Time;

impl Synchronizer {
    /// Asks the receiver what kind it is, until it has answered once since the agent began.
    ///
    /// What does not bear the mark of VictoriaMetrics may be something in front of it, which cannot outdo what answers
    /// to samples have told.
    pub(super) async fn learn_receiver(&mut self) {
        if self.kind.is_some() {
            return;
        }
        self.kind = self.destination.kind().await;
        let known = self.endpoint().and_then(|endpoint| endpoint.appends);
        match self.kind {
            Some(Kind::Appending) => self.note_appends(true),
            Some(Kind::Deduplicating) => self.note_appends(false),
            Some(Kind::Other) if known.is_none() => self.note_appends(false),
            Some(Kind::Other) | None => {}
        }
        if self.appends() {
            log::info!(
                "{} counts twice what it gets twice: whatever may have arrived is looked for before it is sent again",
                self.destination.shown()
            );
        }
    }

    /// Sends `body` as [`deliver`] does, and learns from the answer what kind the receiver is.
    pub(super) async fn deliver(
        &mut self,
        body: &[u8],
        appends: bool,
        patience: Patience,
    ) -> Delivery {
        let delivery = deliver(&self.destination, body, appends, patience).await;
        self.findings.answered = Some(Time::from(DateTime::<Utc>::from(delivery.at)));
        let is_delivered = delivery.outcome == Outcome::Delivered;
        match (delivery.is_victoria, self.kind) {
            (Some(true), Some(Kind::Other) | None) => self.note_appends(true),
            // Nothing but the receiver itself takes samples.
            (Some(false), Some(Kind::Other)) if is_delivered => self.note_appends(false),
            _ => {}
        }
        delivery
    }

    /// Whether the receiver counts twice what it gets twice.
    pub(super) fn appends(&self) -> bool {
        self.endpoint()
            .is_some_and(|endpoint| endpoint.appends == Some(true))
    }

    fn note_appends(&mut self, appends: bool) {
        if self.appends() && !appends {
            log::info!(
                "{} does not count twice any more what it gets twice",
                self.destination.shown()
            );
        }
        self.endpoint_mut().appends = Some(appends);
    }
}
