use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use thiserror::Error;

use super::backend::Backend;
use super::data::KnownData;
use super::decode;
use super::official::{self, Page, Query};
use super::{Bucket, Data, Event, ReadError, Server, ServerSettings};
use crate::timeline::{Interval, Time};

/// Why what was handed over is no export. Nothing of it counts.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InputError {
    /// It breaks off, or is no JSON at all.
    #[error("{name}: {reason}\nhint: export it again from ActivityWatch, under Raw Data")]
    Broken {
        /// The export's name.
        name: String,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// It is JSON, but of another kind.
    #[error(
        "{name}: this is no export of ActivityWatch: it has no \"buckets\" with names\nhint: export all buckets, or one, under Raw Data in ActivityWatch"
    )]
    Foreign {
        /// The export's name.
        name: String,
    },
    /// It has a bucket that another export has as well, but written elsewhere or by something else.
    #[error(
        "{name}: bucket `{bucket}` is not the one that was read before under this name: machine or type differ\nhint: export from these files one after the other, with another name under [hosts] for one of the machines"
    )]
    Mixed {
        /// The export's name.
        name: String,
        /// The bucket's id.
        bucket: String,
    },
}

/// What servers exported, with all events in memory: what ActivityWatch calls `aw-buckets-export.json`, of all buckets
/// or of one.
///
/// It answers as a server would that has these buckets and no settings, only that no event is ever cut.
#[derive(Debug, Default)]
pub struct Exported {
    /// The names of the exports, separated by commas.
    shown: String,
    buckets: BTreeMap<String, Stored>,
    data: KnownData,
}

/// A bucket with its events.
#[derive(Debug)]
struct Stored {
    bucket: Bucket,
    /// Ascending by time; where that is equal, by the id that they have or would have had.
    events: Vec<(Interval, Data)>,
    /// For each event, how far it and those before it reach.
    reach: Vec<Time>,
    /// How many more there were that do not decode.
    undecodable: usize,
}

/// The whole file, whose buckets are looked at one by one.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    buckets: BTreeMap<String, &'a RawValue>,
}

/// A bucket as both servers write it, as far as it matters.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(rename = "type")]
    kind: String,
    client: Option<String>,
    hostname: Option<String>,
    data: Option<Map<String, Value>>,
    #[serde(borrow)]
    events: &'a RawValue,
}

impl Exported {
    /// Adds the buckets of an export, which messages call `name`.
    ///
    /// Events that do not decode are skipped with a warning, and so are buckets that are none. A bucket may come in
    /// several exports, of which each event counts once.
    ///
    /// # Errors
    /// Any [`InputError`].
    pub fn add(&mut self, name: &str, export: &[u8]) -> Result<(), InputError> {
        let text = String::from_utf8_lossy(export);
        let file: File = serde_json::from_str(&text).map_err(|error| {
            let name = name.to_owned();
            if error.is_data() {
                InputError::Foreign { name }
            } else {
                let reason = error.to_string();
                InputError::Broken { name, reason }
            }
        })?;
        let mut skipped = 0;
        for (id, raw) in file.buckets {
            let Some(stored) = self.decoded(id, raw) else {
                skipped += 1;
                continue;
            };
            if stored.undecodable > 0 {
                log::warn!(
                    "{name}: bucket `{}`: {} events do not decode and are skipped",
                    stored.bucket.id,
                    stored.undecodable
                );
            }
            self.keep(name, stored)?;
        }
        if skipped > 0 {
            log::warn!("{name}: {skipped} buckets do not decode and are left out");
        }
        if !self.shown.is_empty() {
            self.shown.push_str(", ");
        }
        self.shown.push_str(name);
        Ok(())
    }

    /// Returns a bucket with its events; `None` if it is none, or was exported without them.
    fn decoded(&mut self, id: String, raw: &RawValue) -> Option<Stored> {
        let written: Written = serde_json::from_str(raw.get()).ok()?;
        let mut events = Vec::new();
        let undecodable = decode::for_each(written.events.get(), |event| {
            let event = official::event(event, &mut self.data);
            events.push((event.interval, event.id, event.data));
        });
        // The newest comes first. Those of the Python server have no ids here, but the order that they had by them.
        events.reverse();
        events.sort_by_key(|(interval, id, _)| (*interval, *id));
        let data = written.data.unwrap_or_default();
        let bucket = Bucket {
            synced: official::is_synced(&id, &data),
            id,
            kind: written.kind,
            client: written.client.unwrap_or_default(),
            hostname: written.hostname.unwrap_or_default(),
        };
        let events = events
            .into_iter()
            .map(|(interval, _, data)| (interval, data))
            .collect();
        Some(Stored::new(bucket, events, undecodable.ok()?))
    }

    fn keep(&mut self, name: &str, stored: Stored) -> Result<(), InputError> {
        match self.buckets.entry(stored.bucket.id.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(stored);
            }
            Entry::Occupied(entry) if entry.get().bucket != stored.bucket => {
                return Err(InputError::Mixed {
                    name: name.to_owned(),
                    bucket: stored.bucket.id,
                });
            }
            Entry::Occupied(mut entry) => entry.get_mut().join(stored),
        }
        Ok(())
    }

    /// The machine of all buckets that know theirs, if it is one: what is the server's own machine is not exported.
    fn hostname(&self) -> &str {
        let hostnames = self
            .buckets
            .values()
            .map(|stored| stored.bucket.hostname.as_str());
        let known: BTreeSet<&str> = hostnames
            .filter(|hostname| !matches!(*hostname, "" | "unknown"))
            .collect();
        match known.first() {
            Some(only) if known.len() == 1 => only,
            _ => "unknown",
        }
    }

    fn stored(&self, bucket: &str) -> Result<&Stored, ReadError> {
        self.buckets.get(bucket).ok_or_else(|| ReadError::Vanished {
            bucket: bucket.to_owned(),
        })
    }
}

impl Backend for Exported {
    fn url(&self) -> &str {
        &self.shown
    }

    fn list(&self) -> Result<Server, ReadError> {
        Ok(Server {
            version: String::new(),
            hostname: self.hostname().to_owned(),
            settings: ServerSettings::default(),
            buckets: self
                .buckets
                .values()
                .map(|stored| stored.bucket.clone())
                .collect(),
        })
    }

    fn events(&self, bucket: &str, query: Query) -> Result<Page, ReadError> {
        Ok(self.stored(bucket)?.page(query))
    }

    fn has_events(&self, bucket: &str, count: usize) -> Result<bool, ReadError> {
        let stored = self.stored(bucket)?;
        Ok(stored.events.len() + stored.undecodable >= count)
    }
}

impl Stored {
    fn new(bucket: Bucket, events: Vec<(Interval, Data)>, undecodable: usize) -> Self {
        let reach = events.iter().scan(None, |reach, (interval, _)| {
            *reach = (*reach).max(Some(interval.end()));
            *reach
        });
        Self {
            bucket,
            reach: reach.collect(),
            events,
            undecodable,
        }
    }

    /// Adds the events of another export that are not there yet.
    fn join(&mut self, other: Self) {
        let known: HashSet<_> = self.events.iter().cloned().collect();
        let mut events = std::mem::take(&mut self.events);
        let new = other.events.into_iter();
        events.extend(new.filter(|event| !known.contains(event)));
        events.sort_by_key(|(interval, _)| *interval);
        let undecodable = self.undecodable.max(other.undecodable);
        *self = Self::new(other.bucket, events, undecodable);
    }

    fn page(&self, query: Query) -> Page {
        let end = query.end.map_or(self.events.len(), |end| {
            self.events
                .partition_point(|(interval, _)| interval.start() <= end)
        });
        let start = query.start.map_or(0, |start| {
            self.reach.partition_point(|reach| *reach < start)
        });
        let is_in_time = |(_, (interval, _)): &(usize, &(Interval, Data))| {
            query.start.is_none_or(|start| interval.end() >= start)
        };
        let newest_first = self.events.iter().enumerate().take(end).skip(start).rev();
        let mut events: Vec<Event> = newest_first
            .filter(is_in_time)
            .take(query.limit.unwrap_or(usize::MAX))
            .map(|(place, (interval, data))| Event {
                id: i64::try_from(place).ok(),
                interval: *interval,
                data: data.clone(),
            })
            .collect();
        events.reverse();
        Page {
            events,
            undecodable: 0,
        }
    }
}

#[cfg(test)]
mod tests;
