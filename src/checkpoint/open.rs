use std::cell::RefCell;
use std::rc::Rc;

use super::{Checkpoint, Endpoint, Journal, Sending, Store, StoreError};

/// The state while passes change it.
///
/// All destinations are in one file, and each changes the part of its own only. What is known of the others stays as it
/// is, also of those that the settings do not name any more.
pub struct OpenStore {
    store: Rc<Store>,
    /// What is on disk.
    checkpoint: Rc<RefCell<Checkpoint>>,
}

/// The part of one destination.
pub struct EndpointStore {
    store: Rc<Store>,
    checkpoint: Rc<RefCell<Checkpoint>>,
    url: String,
}

impl Store {
    /// Reads the state and keeps it in memory. Changes nothing yet. Whoever writes must hold the
    /// [`Lock`](super::Lock).
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::SetAside`].
    pub fn open(self) -> Result<OpenStore, StoreError> {
        let checkpoint = self.load()?;
        Ok(OpenStore {
            store: Rc::new(self),
            checkpoint: Rc::new(RefCell::new(checkpoint)),
        })
    }
}

impl OpenStore {
    /// Returns the part of the destination at `url`. One at a time may change it.
    pub fn of(&self, url: &str) -> EndpointStore {
        EndpointStore {
            store: Rc::clone(&self.store),
            checkpoint: Rc::clone(&self.checkpoint),
            url: url.to_owned(),
        }
    }
}

impl EndpointStore {
    /// Returns how far the destination has come, as it is on disk; `None` if nothing has been kept of it.
    pub fn load(&self) -> Option<Endpoint> {
        self.checkpoint.borrow().endpoints.get(&self.url).cloned()
    }

    /// Replaces what is kept of the destination; a crash leaves the old or the new, never a mix.
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`Self::load`] returns the old then.
    pub fn save(&self, endpoint: &Endpoint) -> Result<(), StoreError> {
        let mut checkpoint = self.checkpoint.borrow().clone();
        checkpoint
            .endpoints
            .insert(self.url.clone(), endpoint.clone());
        self.store.save(&checkpoint)?;
        self.checkpoint.replace(checkpoint);
        Ok(())
    }

    /// Returns the journal of what was sent to the destination.
    pub fn journal(&self) -> Journal {
        self.store.journal(&self.url)
    }

    /// Reads the request under way, if there is one. Changes nothing.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::SetAside`].
    pub fn sending(&self) -> Result<Option<Sending>, StoreError> {
        self.store.sending(&self.url)
    }

    /// Returns what to report of a request under way that was read and makes no sense, for `reason`.
    pub fn damaged(&self, sending: &Sending, reason: String) -> StoreError {
        self.store.damaged(sending, reason)
    }

    /// Keeps `sending`, which is to this destination, until [`Self::forget`].
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn keep(&self, sending: &Sending) -> Result<(), StoreError> {
        self.store.keep(sending)
    }

    /// Forgets the request under way: it has been answered.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn forget(&self) -> Result<(), StoreError> {
        self.store.forget(&self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(samples: u64) -> Endpoint {
        Endpoint {
            samples_sent: samples,
            ..Endpoint::default()
        }
    }

    #[test]
    fn each_destination_changes_its_own_part_only() {
        let directory = tempfile::tempdir().unwrap();
        let store = || Store::new(directory.path(), false);
        let before = Checkpoint {
            endpoints: [("a".to_owned(), sent(1)), ("gone".to_owned(), sent(2))].into(),
        };
        store().save(&before).unwrap();
        let open = store().open().unwrap();
        let (a, b) = (open.of("a"), open.of("b"));
        assert_eq!((a.load(), b.load()), (Some(sent(1)), None));
        b.save(&sent(30)).unwrap();
        a.save(&sent(10)).unwrap();
        b.save(&sent(31)).unwrap();
        let kept = |url: &str| store().load().unwrap().endpoints[url].samples_sent;
        assert_eq!([kept("a"), kept("b"), kept("gone")], [10, 31, 2]);
        assert_eq!(open.of("b").load(), Some(sent(31)));
    }

    #[test]
    fn what_could_not_be_written_does_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(&directory.path().join("missing"), false);
        let a = store.open().unwrap().of("a");
        assert!(a.save(&sent(1)).is_err());
        assert_eq!(a.load(), None);
    }
}
