use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use serde_json::{Map, Value};

/// The data of an event: any JSON object, shared with the events that have equal ones, as most do.
#[derive(Debug, Clone, Default, Eq)]
pub struct Data(Arc<Map<String, Value>>);

impl Data {
    /// Returns the same for data that are shared, for as long as one of them is there. Data that are equal and not shared
    /// differ in it.
    pub fn place(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Returns an object to change.
    pub fn into_map(self) -> Map<String, Value> {
        Arc::unwrap_or_clone(self.0)
    }
}

impl From<Map<String, Value>> for Data {
    fn from(map: Map<String, Value>) -> Self {
        Self(Arc::new(map))
    }
}

impl Deref for Data {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Hash for Data {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Borrow<Map<String, Value>> for Data {
    fn borrow(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// Each distinct data once.
#[derive(Debug, Default)]
pub(super) struct KnownData(HashSet<Data>);

impl KnownData {
    /// Returns data that are shared with those that came before and are equal.
    pub(super) fn shared(&mut self, data: Map<String, Value>) -> Data {
        if let Some(known) = self.0.get(&data) {
            return known.clone();
        }
        let data = Data::from(data);
        self.0.insert(data.clone());
        data
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(app: &str) -> Map<String, Value> {
        Map::from_iter([("app".to_owned(), json!(app))])
    }

    #[test]
    fn equal_data_are_shared() {
        let mut known = KnownData::default();
        let [first, other, again] = ["vim", "ed", "vim"].map(|app| known.shared(map(app)));
        assert_eq!(first.place(), again.place());
        assert_ne!(first.place(), other.place());
        assert_eq!(first, Data::from(map("vim")));
        assert_ne!(first, other);
        assert_eq!(again.into_map(), map("vim"));
    }
}
