use tokio::time::Instant;

use super::owner::one_per_host;
use super::plan::Target;
use super::{Learnt, PassReport, Synchronizer};
use crate::activitywatch::{self, Bucket, Device, ReadError, Reader, Server, ServerSettings};
use crate::checkpoint::Endpoint;
use crate::settings::{Settings, Watchers};
use crate::timeline::Time;

impl Synchronizer {
    /// Asks the servers what there is. `now` is the monotonic clock; no history before `since` is wanted.
    pub(super) async fn targets(
        &mut self,
        now: Instant,
        since: Time,
        report: &mut PassReport,
    ) -> Vec<Target> {
        let urls: Vec<String> = self.reader.urls().map(str::to_owned).collect();
        let mut listed = Vec::new();
        for (place, server) in self.reader.list().await.into_iter().enumerate() {
            match server {
                Ok(server) if self.has_settled(place, now) => listed.push((place, server)),
                Ok(_) => report.is_waiting = true,
                Err(error) => {
                    self.absent.insert(place, None);
                    report.add(error);
                }
            }
        }
        for (place, server) in &listed {
            self.learn(*place, &server.settings);
        }
        let endpoint = self.endpoint().cloned().unwrap_or_default();
        let user = self.settings.user.clone();
        let (devices, notices) =
            wanted_devices(&self.reader, &self.settings, &endpoint, &listed, |error| {
                report.add(error);
            })
            .await;
        self.notify(notices);

        let mut targets = Vec::new();
        for (place, device) in devices {
            let buckets = listed
                .iter()
                .find(|(server, _)| *server == place)
                .map_or(&[][..], |(_, server)| &server.buckets);
            targets.push(Target::new(
                (place, &urls[place]),
                &user,
                device,
                buckets,
                &endpoint,
                since,
            ));
        }
        targets
    }

    /// Compiles what the settings of a server say, if they have changed.
    fn learn(&mut self, server: usize, settings: &ServerSettings) {
        if self
            .learnt
            .get(&server)
            .is_some_and(|learnt| learnt.from == *settings)
        {
            return;
        }
        let (learnt, notices) = Learnt::new(&self.settings, settings);
        self.notify(notices);
        self.learnt.insert(server, learnt);
    }

    /// Whether a server that answers has done so for long enough.
    ///
    /// While it was away its watchers have kept what they saw, and they need a while to bring it. To go on at once
    /// would pass over it.
    fn has_settled(&mut self, server: usize, now: Instant) -> bool {
        let Some(since) = self.absent.get_mut(&server) else {
            return true;
        };
        if since.is_none() {
            log::info!(
                "ActivityWatch answers again; waiting until its watchers have brought what they kept"
            );
        }
        let since = *since.get_or_insert(now);
        let has_settled = now.duration_since(since) >= self.settings.settle;
        if has_settled {
            self.absent.remove(&server);
        }
        has_settled
    }

    /// Warns of each thing once.
    pub(super) fn notify(&mut self, notices: impl IntoIterator<Item = String>) {
        for notice in notices {
            if self.said.insert(notice.clone()) {
                log::warn!("{notice}");
            }
        }
    }
}

/// Returns the devices of the servers that answer, each with the place of its server and the buckets that a pass reads,
/// and notices of what is left out.
///
/// `listed` holds the place of each such server and what it lists, `endpoint` what the checkpoint has of the
/// destination. A device whose buckets cannot be counted is left out, and `fail` told why.
pub async fn wanted_devices(
    reader: &Reader,
    settings: &Settings,
    endpoint: &Endpoint,
    listed: &[(usize, Server)],
    mut fail: impl FnMut(ReadError),
) -> (Vec<(usize, Device)>, Vec<String>) {
    let urls: Vec<String> = reader.urls().map(str::to_owned).collect();
    let mut notices = Vec::new();
    let mut devices = Vec::new();
    for (place, server) in listed {
        let (found, left_out) = devices_of(settings, &urls[*place], server);
        devices.push((*place, found));
        notices.extend(left_out);
    }
    let owner = |host: &str| Some(endpoint.device(&settings.user, host)?.server.clone());
    let (devices, left_out) = one_per_host(devices, &urls, owner);
    notices.extend(left_out);
    let mut wanted = Vec::new();
    for (place, mut device) in devices {
        let is_known = |bucket: &Bucket| {
            endpoint
                .done_until(&settings.user, &urls[place], &bucket.id)
                .is_some()
        };
        let buckets = std::mem::take(&mut device.buckets);
        match large_enough(reader, place, buckets, settings.min_data, is_known).await {
            Ok(buckets) => {
                device.buckets = buckets;
                wanted.push((place, device));
            }
            Err(error) => fail(error),
        }
    }
    (wanted, notices)
}

/// Returns the devices of a server with the buckets that are wanted, and notices of what is left out.
fn devices_of(
    settings: &Settings,
    url: &str,
    server: &Server,
) -> (Vec<Device>, impl IntoIterator<Item = String> + use<>) {
    let wanted = server
        .buckets
        .iter()
        .filter(|bucket| is_wanted(bucket, settings))
        .cloned();
    let hosts = &settings.hosts;
    let rename = |machine: &str| {
        hosts
            .get(&format!("{url}/{machine}"))
            .or_else(|| hosts.get(machine))
            .cloned()
    };
    activitywatch::devices(wanted, &server.hostname, rename)
}

/// Returns the buckets that have enough events, or had once.
async fn large_enough(
    reader: &Reader,
    server: usize,
    buckets: Vec<Bucket>,
    min_data: usize,
    is_known: impl Fn(&Bucket) -> bool,
) -> Result<Vec<Bucket>, ReadError> {
    let mut large_enough = Vec::new();
    for bucket in buckets {
        let is_taken = is_known(&bucket)
            || bucket.is_essential()
            || match reader.has_events(server, &bucket.id, min_data).await {
                Ok(has_events) => has_events,
                Err(ReadError::Vanished { .. }) => false,
                // Reading it will fail too, and that is where it is reported.
                Err(ReadError::Unreadable { .. }) => true,
                Err(error) => return Err(error),
            };
        if is_taken {
            large_enough.push(bucket);
        }
    }
    Ok(large_enough)
}

fn is_wanted(bucket: &Bucket, settings: &Settings) -> bool {
    left_out_by(bucket, settings).is_none()
}

/// Which setting leaves a bucket out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOutBy {
    /// `synced-buckets`: it was copied here from another machine.
    SyncedBuckets,
    /// `included-watchers` does not name it.
    IncludedWatchers,
    /// `excluded-watchers` names it.
    ExcludedWatchers,
}

/// Returns the setting that leaves a bucket out, whatever is in it; `None` if it is wanted.
pub fn left_out_by(bucket: &Bucket, settings: &Settings) -> Option<LeftOutBy> {
    let matches =
        |watchers: &Watchers| watchers.is_match(&bucket.id) || watchers.is_match(&bucket.client);
    if bucket.synced && !settings.synced_buckets {
        Some(LeftOutBy::SyncedBuckets)
    } else if matches(&settings.excluded_watchers) {
        Some(LeftOutBy::ExcludedWatchers)
    } else if settings
        .included_watchers
        .as_ref()
        .is_some_and(|watchers| !matches(watchers))
    {
        Some(LeftOutBy::IncludedWatchers)
    } else {
        None
    }
}
