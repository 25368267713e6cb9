use super::plan::{Target, one_per_host};
use super::{PassReport, Synchronizer};
use crate::activitywatch::{self, Bucket, Device, ReadError, Server};
use crate::checkpoint;
use crate::settings::{Settings, Watchers};
use crate::timeline::{Time, horizon};

impl Synchronizer {
    /// Asks the servers what there is.
    pub(super) async fn targets(&mut self, now: Time, report: &mut PassReport) -> Vec<Target> {
        let listed = self.reader.list().await;
        let urls: Vec<String> = self.reader.urls().map(str::to_owned).collect();
        let mut devices = Vec::new();
        for (place, server) in listed.into_iter().enumerate() {
            match server {
                Ok(server) if self.is_settled(place, now) => devices.push((
                    place,
                    urls[place].as_str(),
                    self.devices(&urls[place], server),
                )),
                Ok(_) => {}
                Err(error) => {
                    self.absent.insert(place, None);
                    report.add(error);
                }
            }
        }
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let user = self.settings.user.clone();
        let endpoint = self.endpoint().cloned().unwrap_or_default();
        let owner = |host: &str| Some(endpoint.device(&user, host)?.server.clone());
        let (devices, notices) = one_per_host(devices, &urls, owner);
        self.notify(notices);

        let since = self
            .settings
            .history
            .map_or(Time::EPOCH, |history| horizon(now, history));
        let mut targets = Vec::new();
        for (server, mut device) in devices {
            let known = endpoint.device(&user, &device.host);
            match self
                .large_enough(server, std::mem::take(&mut device.buckets), known)
                .await
            {
                Ok(buckets) => device.buckets = buckets,
                Err(error) => {
                    report.add(error);
                    continue;
                }
            }
            targets.push(Target::new(
                (server, urls[server]),
                &user,
                device,
                known,
                since,
            ));
        }
        targets
    }

    /// Whether a server that answers has done so for long enough.
    ///
    /// While it was away its watchers have kept what they saw, and they need a while to bring it. To go on at once
    /// would pass over it.
    fn is_settled(&mut self, server: usize, now: Time) -> bool {
        let Some(since) = self.absent.get_mut(&server) else {
            return true;
        };
        let since = *since.get_or_insert(now);
        if now.since(since) < self.settings.settle {
            let notice = format!(
                "ActivityWatch answers again since {since}; waiting until its watchers have brought what they kept"
            );
            if self.said.insert(notice.clone()) {
                log::info!("{notice}");
            }
            return false;
        }
        self.absent.remove(&server);
        true
    }

    fn devices(&mut self, url: &str, server: Server) -> Vec<Device> {
        let settings = &self.settings;
        let buckets = server
            .buckets
            .into_iter()
            .filter(|bucket| is_wanted(bucket, settings));
        let hosts = &settings.hosts;
        let rename = |machine: &str| {
            hosts
                .get(&format!("{url}/{machine}"))
                .or_else(|| hosts.get(machine))
                .cloned()
        };
        let (devices, notices) = activitywatch::devices(buckets, &server.info.hostname, rename);
        self.notify(notices);
        devices
    }

    /// Returns the buckets that have enough events, or had once.
    async fn large_enough(
        &self,
        server: usize,
        buckets: Vec<Bucket>,
        known: Option<&checkpoint::Device>,
    ) -> Result<Vec<Bucket>, ReadError> {
        let mut large_enough = Vec::new();
        for bucket in buckets {
            let is_known = known.is_some_and(|known| known.buckets.contains_key(&bucket.id));
            let is_taken = is_known
                || bucket.is_window()
                || bucket.is_afk()
                || match self
                    .reader
                    .has_events(server, &bucket.id, self.settings.min_data)
                    .await
                {
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

    pub(super) fn notify(&mut self, notices: impl IntoIterator<Item = String>) {
        for notice in notices {
            if self.said.insert(notice.clone()) {
                log::warn!("{notice}");
            }
        }
    }
}

fn is_wanted(bucket: &Bucket, settings: &Settings) -> bool {
    let matches =
        |watchers: &Watchers| watchers.is_match(&bucket.id) || watchers.is_match(&bucket.client);
    (settings.synced_buckets || !bucket.synced)
        && settings.included_watchers.as_ref().is_none_or(matches)
        && !matches(&settings.excluded_watchers)
}
