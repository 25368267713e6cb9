//! What there is to know of the ActivityWatch servers.

use std::collections::BTreeMap;
use std::time::SystemTime;

use tokio::time::{Instant, timeout, timeout_at};

use super::{LIMIT, seconds_ahead};
use crate::activitywatch::{Bucket, Device, ReadError, Reader, Server};
use crate::checkpoint::Endpoint;
use crate::command::reader::reader;
use crate::diagnosis::{BucketFacts, DeviceFacts, ServerFacts};
use crate::settings::Settings;
use crate::synchronizer::{LeftOutBy, left_out_by, wanted_devices};
use crate::timeline::{Interval, Time};

/// Asks all servers, as a pass would.
pub(super) async fn facts(settings: &Settings, endpoint: &Endpoint, now: Time) -> Vec<ServerFacts> {
    let reader = match reader(settings) {
        Ok(reader) => reader,
        Err(error) => {
            log::warn!("{error}");
            return Vec::new();
        }
    };
    let (mut facts, listed) = list_all(&reader, settings).await;
    let mut failed = Vec::new();
    let wanted = wanted_devices(&reader, settings, endpoint, &listed, |error| {
        failed.push(error);
    });
    let in_time = timeout(LIMIT, wanted).await;
    if in_time.is_err() {
        failed.extend(listed.iter().map(|(place, _)| ReadError::Unreachable {
            url: facts[*place].address.clone(),
            reason: format!("its buckets were not counted in {} s", LIMIT.as_secs()),
        }));
    }
    let (devices, notices) = in_time.unwrap_or_default();
    for error in failed {
        let place = place_of(&facts, &listed, &error.to_string());
        facts[place].failed.push(error);
    }
    for notice in notices {
        let place = place_of(&facts, &listed, &notice);
        facts[place].notices.push(notice);
    }
    for (place, server) in &listed {
        let taken: Vec<&Device> = devices
            .iter()
            .filter_map(|(other, device)| (other == place).then_some(device))
            .collect();
        facts[*place].left_out = left_out(server, &taken, settings);
    }
    let since = settings
        .history
        .map_or(Time::EPOCH, |history| now - history);
    let deadline = Instant::now() + LIMIT;
    for (place, device) in devices {
        let own = listed.iter().find(|(other, _)| *other == place);
        let is_servers_own = own.is_some_and(|(_, server)| server.hostname == device.machine);
        let extents = extents(&reader, place, &device.buckets, since, deadline).await;
        let server = &mut facts[place];
        let mut buckets = Vec::new();
        for (bucket, extent) in device.buckets.into_iter().zip(extents) {
            let extent = extent.unwrap_or_else(|error| {
                server.failed.push(error);
                None
            });
            let done_until = endpoint.done_until(&settings.user, &server.address, &bucket.id);
            buckets.push(BucketFacts {
                bucket,
                extent,
                done_until,
            });
        }
        server.devices.push(DeviceFacts {
            host: device.host,
            is_servers_own,
            buckets,
        });
    }
    facts
}

/// Asks all servers what they list, beside each other, so that one who is silent costs the others no time.
async fn list_all(
    reader: &Reader,
    settings: &Settings,
) -> (Vec<ServerFacts>, Vec<(usize, Server)>) {
    let questions: Vec<_> = (0..settings.aw_servers.len())
        .map(|place| {
            let reader = reader.clone();
            tokio::spawn(async move { list(&reader, place).await })
        })
        .collect();
    let (mut facts, mut listed) = (Vec::new(), Vec::new());
    for (place, question) in questions.into_iter().enumerate() {
        let broke_off = (Err(ReadError::BrokeOff), None);
        let (server, clock_ahead) = question.await.unwrap_or(broke_off);
        let info = server
            .as_ref()
            .map(|server| (server.version.clone(), server.hostname.clone()));
        facts.push(ServerFacts {
            address: reader.urls().nth(place).unwrap_or_default().to_owned(),
            info: info.map_err(Clone::clone),
            has_key: settings.aw_servers[place].api_key.is_some(),
            clock_ahead,
            devices: Vec::new(),
            left_out: BTreeMap::new(),
            notices: Vec::new(),
            failed: Vec::new(),
        });
        listed.extend(server.ok().map(|server| (place, server)));
    }
    (facts, listed)
}

/// Asks, of each of `buckets` beside the others, from when to when there is activity in it.
async fn extents(
    reader: &Reader,
    place: usize,
    buckets: &[Bucket],
    since: Time,
    deadline: Instant,
) -> Vec<Result<Option<Interval>, ReadError>> {
    let questions: Vec<_> = buckets
        .iter()
        .map(|bucket| {
            let (reader, id) = (reader.clone(), bucket.id.clone());
            tokio::spawn(async move { reader.extent(place, &id, since).await })
        })
        .collect();
    let mut extents = Vec::new();
    for (bucket, question) in buckets.iter().zip(questions) {
        let extent = timeout_at(deadline, question).await;
        let slow = || ReadError::Unreadable {
            bucket: bucket.id.clone(),
            reason: format!("no answer in {} s", LIMIT.as_secs()),
        };
        extents.push(match extent {
            Ok(answer) => answer.unwrap_or(Err(ReadError::BrokeOff)),
            Err(_) => Err(slow()),
        });
    }
    extents
}

/// Asks one server what it lists, and its clock.
async fn list(reader: &Reader, place: usize) -> (Result<Server, ReadError>, Option<i64>) {
    let silent = || ReadError::Unreachable {
        url: reader.urls().nth(place).unwrap_or_default().to_owned(),
        reason: format!("nothing for {} s", LIMIT.as_secs()),
    };
    let listed = timeout(LIMIT, reader.list_one(place));
    let server = match listed.await.unwrap_or_else(|_| Err(silent())) {
        Ok(server) => server,
        Err(error) => return (Err(error), None),
    };
    let before = SystemTime::now();
    let date = timeout(LIMIT, reader.clock(place)).await;
    let date = date.ok().and_then(Result::ok).flatten();
    let ahead = date.map(|date| seconds_ahead(date, before, SystemTime::now()));
    (Ok(server), ahead)
}

/// Returns the place of the server that a message is about: the one whose address or bucket it names.
fn place_of(facts: &[ServerFacts], listed: &[(usize, Server)], message: &str) -> usize {
    let names = |(place, server): &&(usize, Server)| {
        let mut buckets = server.buckets.iter();
        message.contains(&facts[*place].address)
            || buckets.any(|bucket| message.contains(&format!("`{}`", bucket.id)))
    };
    listed.iter().find(names).map_or(0, |(place, _)| *place)
}

/// Returns the buckets that are left out for no other bucket's sake, by setting.
fn left_out(
    server: &Server,
    taken: &[&Device],
    settings: &Settings,
) -> BTreeMap<&'static str, Vec<String>> {
    let is_taken = |bucket: &Bucket| {
        let mut buckets = taken.iter().flat_map(|device| &device.buckets);
        buckets.any(|other| other.id == bucket.id)
    };
    // A device of another server of the same name has been warned of.
    let has_device = |bucket: &Bucket| {
        matches!(bucket.hostname.as_str(), "" | "unknown")
            || taken.iter().any(|device| device.machine == bucket.hostname)
    };
    let mut by_setting = BTreeMap::<_, Vec<_>>::new();
    for bucket in &server.buckets {
        let setting = match left_out_by(bucket, settings) {
            Some(LeftOutBy::SyncedBuckets) => "synced-buckets",
            Some(LeftOutBy::IncludedWatchers) => "included-watchers",
            Some(LeftOutBy::ExcludedWatchers) => "excluded-watchers",
            None if is_taken(bucket) || bucket.is_essential() || !has_device(bucket) => continue,
            None => "min-data",
        };
        by_setting
            .entry(setting)
            .or_default()
            .push(bucket.id.clone());
    }
    by_setting
}
