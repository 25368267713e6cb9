//! What kind the receiver is: whether it counts twice what it gets twice.

use chrono::{DateTime, Utc};

use super::unclear::unclear;
use super::{Problem, Synchronizer};
use crate::remote_write::{Delivery, Kind, Outcome, Patience, ask, deliver};
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
        if let Some(kind) = self.destination.kind().await {
            self.note_kind(kind);
        }
        if self.appends() {
            log::info!(
                "{} counts twice what it gets twice: whatever may have arrived is looked for before it is sent again",
                self.destination.shown()
            );
        }
    }

    /// Whether the receiver counts twice what it gets twice. One of which nobody knows is asked until it tells: what may
    /// have arrived must not be sent to it again before.
    pub(super) async fn is_known_to_append(&mut self, patience: Patience) -> Result<bool, Problem> {
        if let Some(appends) = self.known_appends() {
            return Ok(appends);
        }
        let destination = &self.destination;
        let (kind, is_victoria) = ask(patience, async || {
            let kind = destination.kind().await;
            let is_victoria = match kind {
                Some(_) => None,
                None => destination.is_victoria().await,
            };
            (kind.is_some() || is_victoria.is_some()).then_some((kind, is_victoria))
        })
        .await
        .unwrap_or_default();
        if let Some(kind) = kind {
            self.note_kind(kind);
        } else if let Some(is_victoria) = is_victoria {
            self.note_appends(is_victoria);
        }
        self.known_appends().ok_or_else(|| {
            let reason = "a request may have arrived, and it does not tell whether it counts twice what it gets twice";
            unclear(self.destination.shown(), reason.to_owned())
        })
    }

    /// Sends `body` as [`deliver`] does, and learns from the answer what kind the receiver is.
    pub(super) async fn deliver(
        &mut self,
        body: &[u8],
        appends: Option<bool>,
        patience: Patience,
    ) -> Delivery {
        let delivery = deliver(&self.destination, body, appends, patience).await;
        self.findings.answered = Some(Time::from(DateTime::<Utc>::from(delivery.at)));
        let is_delivered = delivery.outcome == Outcome::Delivered;
        match (delivery.is_victoria, self.kind) {
            (Some(true), Some(Kind::Other) | None) => self.note_appends(true),
            // Nothing but the receiver itself takes samples.
            (Some(false), Some(Kind::Other)) if is_delivered => self.note_appends(false),
            (Some(false), None) if is_delivered && self.known_appends().is_none() => {
                self.note_appends(false);
            }
            _ => {}
        }
        delivery
    }

    /// Whether the receiver is known to count twice what it gets twice.
    pub(super) fn appends(&self) -> bool {
        self.known_appends() == Some(true)
    }

    /// Whether the receiver counts twice what it gets twice; `None` as long as nobody knows.
    pub(super) fn known_appends(&self) -> Option<bool> {
        self.endpoint().and_then(|endpoint| endpoint.appends)
    }

    fn note_kind(&mut self, kind: Kind) {
        self.kind = Some(kind);
        match kind {
            Kind::Appending => self.note_appends(true),
            Kind::Deduplicating => self.note_appends(false),
            Kind::Other if self.known_appends().is_none() => self.note_appends(false),
            Kind::Other => {}
        }
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
