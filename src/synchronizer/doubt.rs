//! What may have been stored of a request under way whose file was damaged.
//!
//! Its watermark holds, so a pass computes the same time again. Whoever takes each sample once is sent it again. Whoever
//! counts twice what it gets twice is asked first, as after any end that nobody saw; where nobody can be asked, the
//! request stays unclear and is not sent.

use super::Synchronizer;
use super::delivery::parcel_of;
use crate::checkpoint::{Part, Sending, StoreError};
use crate::remote_write::Parcel;
use crate::timeline::Time;

impl Synchronizer {
    /// Reads the request under way, if there is one; each of its bodies makes sense.
    pub(super) fn under_way(&self) -> Result<Option<Sending>, StoreError> {
        let Some(sending) = self.store.sending()? else {
            return Ok(None);
        };
        let holds = |part: &Part| {
            parcel_of(&part.body).map(|content| content.samples()) == Some(part.samples)
        };
        let is_whole = sending.parts.iter().all(holds)
            && sending
                .done
                .iter()
                .all(|done| Parcel::of_body(&done.body).is_ok());
        if is_whole {
            Ok(Some(sending))
        } else {
            let reason = "a request in it cannot be read".to_owned();
            Err(self.store.damaged(&sending, reason))
        }
    }

    /// Moves a damaged file of the request under way aside, having noted what it makes uncertain; returns what to report.
    pub(super) fn in_doubt_for(&mut self, error: StoreError) -> Result<StoreError, StoreError> {
        if let StoreError::DamagedRequest { stretch, .. } = &error {
            let (from, until) = stretch.unwrap_or((Time::EPOCH, self.now));
            let known = self.endpoint_mut().in_doubt.unwrap_or((from, until));
            self.endpoint_mut().in_doubt = Some((from.min(known.0), until.max(known.1)));
            // While the file is there: a crash in between finds it again.
            self.save()?;
        }
        Ok(error.set_aside())
    }

    /// Whether something of a request may be stored though it has not been sent by this process.
    pub(super) fn is_in_doubt(&self, part: &Part) -> bool {
        let in_doubt = self.endpoint().and_then(|endpoint| endpoint.in_doubt);
        in_doubt.is_some_and(|(from, until)| {
            part.newest_ms >= from.millis() && part.oldest_ms < until.millis()
        })
    }

    /// Notes that a request was given up because nobody tells whether it has arrived. One was under way, so if nobody
    /// knows of what time, it is taken to have been this one.
    pub(super) fn gave_up_for_doubt(&mut self) {
        let in_doubt = &mut self.endpoint_mut().in_doubt;
        *in_doubt = in_doubt.filter(|(from, _)| *from > Time::EPOCH);
    }

    /// Notes that a pass has gone through all that may have been under way.
    pub(super) fn doubt_is_over(&mut self) {
        self.endpoint_mut().in_doubt = None;
    }
}
