use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::SystemTime;

use aw_client_rust::AwClient;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde_json::json;
use serde_json::value::RawValue;

use super::backend::Backend;
use super::decode::{self, Decoded};
use super::get::{Http, Reply};
use super::official::{self, Page, Query};
use super::{ApiKey, Bucket, Event, ReadError, Server, ServerSettings};
use crate::message::{innermost, one_line};
use crate::timeline::Interval;

/// How much of a foreign answer goes into a message.
const MAX_QUOTED_CHARS: usize = 200;

/// What a server says of itself.
#[derive(Debug)]
struct Info {
    /// The name of its machine.
    hostname: String,
    /// Its version, for example `v0.14.0 (rust)`.
    version: String,
}

/// One ActivityWatch server. Every call blocks.
///
/// The official client cannot send a key, so one that wants a key is read without it.
pub struct Client {
    official: AwClient,
    http: Http,
    /// The address without userinfo, for messages and the checkpoint.
    shown: String,
    has_userinfo: bool,
    key: Option<ApiKey>,
}

impl Client {
    /// Returns a client of the server at `url`, which wants to see `key`. Asks nothing yet.
    ///
    /// # Errors
    /// [`ReadError::Unreachable`] if the machine has no working TLS library or a name that is not UTF-8.
    pub fn new(url: &Url, key: Option<ApiKey>) -> Result<Self, ReadError> {
        let mut shown = url.clone();
        // Fails only for addresses without a host, which have no userinfo either.
        let _no_host = shown
            .set_username("")
            .and_then(|()| shown.set_password(None));
        let shown = shown.as_str().trim_end_matches('/').to_owned();
        let unable = || ReadError::Unreachable {
            url: shown.clone(),
            reason: "the client does not start".to_owned(),
        };
        let mut official = catch_unwind(|| AwClient::new("127.0.0.1", "5600", "aw-sync-agent"))
            .map_err(|_| unable())?;
        url.as_str()
            .trim_end_matches('/')
            .clone_into(&mut official.baseurl);
        Ok(Self {
            official,
            http: Http::new(url).map_err(|_| unable())?,
            has_userinfo: !url.username().is_empty() || url.password().is_some(),
            shown,
            key,
        })
    }

    /// Returns what the server says of itself.
    ///
    /// # Errors
    /// [`ReadError::Unreachable`], [`ReadError::Misconfigured`] or [`ReadError::NoKey`].
    fn info(&self) -> Result<Info, ReadError> {
        let path = "api/0/info";
        let info = match self.call(AwClient::get_info)? {
            Some(info) => info,
            None => serde_json::from_slice(&self.get(path)?.body)
                .map_err(|error| self.misconfigured(path, 200, &error.to_string()))?,
        };
        log::debug!("{}: ActivityWatch {}", self.url(), info.version);
        Ok(Info {
            hostname: info.hostname,
            version: info.version,
        })
    }

    /// Returns the server's settings; empty ones if it has none at all.
    ///
    /// # Errors
    /// [`ReadError::Unreachable`], [`ReadError::Misconfigured`] or [`ReadError::NoKey`].
    fn settings(&self) -> Result<ServerSettings, ReadError> {
        let path = "api/0/settings";
        let reply = match self.get(path) {
            Err(ReadError::Misconfigured { status: 404, .. }) => {
                return Ok(ServerSettings::default());
            }
            reply => reply?,
        };
        let answer = serde_json::from_slice(&reply.body)
            .map_err(|error| self.misconfigured(path, reply.status, &error.to_string()))?;
        Ok(ServerSettings::of(&answer))
    }

    /// Returns the server's buckets, ascending by id.
    ///
    /// A bucket that does not decode is left out with a warning; so is an id that no URL can hold.
    ///
    /// # Errors
    /// [`ReadError::Unreachable`], [`ReadError::Misconfigured`] or [`ReadError::NoKey`].
    fn buckets(&self) -> Result<Vec<Bucket>, ReadError> {
        let listed: Vec<aw_client_rust::Bucket> =
            if let Some(buckets) = self.call(AwClient::get_buckets)? {
                buckets.into_values().collect()
            } else {
                let path = "api/0/buckets/";
                let reply = self.get(path)?;
                let decoded: Decoded<_> = decode::object(&reply.body)
                    .map_err(|error| self.misconfigured(path, reply.status, &error.to_string()))?;
                if decoded.undecodable > 0 {
                    log::warn!(
                        "{}: {} buckets do not decode and are left out",
                        self.url(),
                        decoded.undecodable
                    );
                }
                decoded.items
            };
        let mut buckets: Vec<Bucket> = listed
            .into_iter()
            .map(official::bucket)
            .filter(|bucket| !matches!(bucket.id.as_str(), "" | "." | ".."))
            .collect();
        buckets.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(buckets)
    }

    fn events_one_by_one(
        &self,
        bucket: &str,
        name: &str,
    ) -> Result<Decoded<aw_client_rust::Event>, ReadError> {
        let reply = match self.get(&format!("api/0/buckets/{name}")) {
            Err(ReadError::Misconfigured { status: 404, .. }) => {
                return Err(ReadError::Vanished {
                    bucket: bucket.to_owned(),
                });
            }
            Err(ReadError::Misconfigured { status, body, .. }) if status >= 500 => {
                return Err(ReadError::Unreadable {
                    bucket: bucket.to_owned(),
                    reason: format!("{status}: {body}"),
                });
            }
            reply => reply?,
        };
        let decoded: Decoded<_> =
            decode::array(&reply.body).map_err(|error| ReadError::Unreadable {
                bucket: bucket.to_owned(),
                reason: format!("the answer is no list of events: {error}"),
            })?;
        if decoded.undecodable > 0 {
            log::warn!(
                "bucket `{bucket}`: {} events do not decode and are skipped",
                decoded.undecodable
            );
        }
        Ok(decoded)
    }

    /// Calls the official client; `Ok(None)` if it got an answer that it cannot decode, or cannot be used at all. It
    /// checks no HTTP status, so this is how every refusal looks to it.
    fn call<T>(
        &self,
        call: impl FnOnce(&AwClient) -> Result<T, aw_client_reqwest::Error>,
    ) -> Result<Option<T>, ReadError> {
        if self.key.is_some() {
            return Ok(None);
        }
        match catch_unwind(AssertUnwindSafe(|| call(&self.official))) {
            Ok(Ok(value)) => Ok(Some(value)),
            Ok(Err(error)) if error.is_decode() => Ok(None),
            Ok(Err(error)) => Err(self.unreachable(&error)),
            // The client panics where it trusts an answer too much; ours looks at it more carefully.
            Err(_) => Ok(None),
        }
    }

    fn authorization(&self) -> Result<Option<HeaderValue>, ReadError> {
        let authorization = self.key.as_ref().map(ApiKey::authorization).transpose();
        authorization.map_err(|reason| ReadError::NoKey {
            url: self.url().to_owned(),
            reason,
        })
    }

    fn get(&self, path: &str) -> Result<Reply, ReadError> {
        let authorization = self.authorization()?;
        let url = format!("{}/{path}", self.official.baseurl);
        let reply = self
            .http
            .get(&url, authorization)
            .map_err(|error| self.unreachable(&error.without_url()))?;
        let said = String::from_utf8_lossy(&reply.body);
        match reply.status {
            200 => Ok(reply),
            // The words of a proxy in front of a server that is away.
            status @ 502..=504 => Err(ReadError::Unreachable {
                url: self.url().to_owned(),
                reason: format!("HTTP {status} {}", one_line(&said, MAX_QUOTED_CHARS)),
            }),
            status => {
                let leads = reply.location.filter(|_| matches!(status, 300..=399));
                let leads = leads.map(|url| format!("it leads to {url}"));
                Err(self.misconfigured(path, status, leads.as_deref().unwrap_or(&said)))
            }
        }
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> ReadError {
        ReadError::Unreachable {
            url: self.url().to_owned(),
            reason: innermost(error),
        }
    }

    fn misconfigured(&self, path: &str, status: u16, body: &str) -> ReadError {
        ReadError::Misconfigured {
            url: self.url().to_owned(),
            path: path.split('?').next().unwrap_or(path).to_owned(),
            status,
            body: one_line(body, MAX_QUOTED_CHARS),
            hint: self.hint(status),
        }
    }

    /// Returns what a person can do about an answer with `status`.
    fn hint(&self, status: u16) -> String {
        let hint = match (status, &self.key) {
            (401 | 403, Some(key)) => {
                return format!("the API key is wrong; it comes from {}", key.place());
            }
            (401 | 403, None) if self.has_userinfo => "check user and password in `--aw-url`",
            (401 | 403, None) => {
                "this server wants an API key: set `aw-api-key` in the settings file, or the environment variable AW_API_KEY"
            }
            (300..=399, _) => "redirects are not followed: set `--aw-url` to where this one leads",
            (400, _) => "the server checks the Host header: use `127.0.0.1` in `--aw-url`",
            _ => "is this an ActivityWatch server? check `--aw-url`",
        };
        hint.to_owned()
    }
}

impl Backend for Client {
    /// The server's address, without userinfo and without a trailing slash.
    fn url(&self) -> &str {
        &self.shown
    }

    /// # Errors
    /// [`ReadError::Unreachable`], [`ReadError::Misconfigured`] or [`ReadError::NoKey`].
    fn list(&self) -> Result<Server, ReadError> {
        let Info { hostname, version } = self.info()?;
        Ok(Server {
            hostname,
            version,
            settings: self.settings()?,
            buckets: self.buckets()?,
        })
    }

    /// Returns the events of a bucket that `query` asks for.
    ///
    /// Bounds are rounded outwards to milliseconds. The servers cut events at them, and not exactly: the Python server
    /// adds a millisecond at the end, and leaves out events that began more than 24 hours before `start`. So ask for
    /// more than is needed and cut again. An event that does not decode is skipped with a warning.
    fn events(&self, bucket: &str, query: Query) -> Result<Page, ReadError> {
        let name = official::ranged_name(bucket, query);
        let (read, undecodable) =
            if let Some(events) = self.call(|client| client.get_events(&name))? {
                (events, 0)
            } else {
                let Decoded { items, undecodable } = self.events_one_by_one(bucket, &name)?;
                (items, undecodable)
            };
        let mut events = official::events(read);
        events.sort_by_key(|event| (event.interval, event.id));
        Ok(Page {
            events,
            undecodable,
        })
    }

    /// Returns whether `bucket` has at least `count` events.
    ///
    /// Not the client's `get_event_count`, which panics on the Python server's answer.
    fn has_events(&self, bucket: &str, count: usize) -> Result<bool, ReadError> {
        let query = Query {
            limit: Some(count.max(1)),
            ..Query::default()
        };
        let page = self.events(bucket, query)?;
        Ok(page.events.len() + page.undecodable >= count)
    }

    fn clock(&self) -> Result<Option<SystemTime>, ReadError> {
        Ok(self.get("api/0/info")?.date)
    }

    fn query(
        &self,
        period: Interval,
        lines: &[String],
    ) -> Result<BTreeMap<String, Vec<Event>>, ReadError> {
        let period = format!("{}/{}", period.start(), period.end());
        let body = json!({"timeperiods": [period], "query": lines}).to_string();
        let url = format!("{}/api/0/query/", self.official.baseurl);
        let Reply { status, body, .. } = self
            .http
            .post(&url, body, self.authorization()?)
            .map_err(|error| self.unreachable(&error.without_url()))?;
        let failed = |reason| ReadError::Query {
            url: self.url().to_owned(),
            reason,
        };
        if status != 200 {
            let said = one_line(&String::from_utf8_lossy(&body), MAX_QUOTED_CHARS);
            return Err(failed(format!("{status} {said}")));
        }
        let decoded: Result<[BTreeMap<String, Box<RawValue>>; 1], _> =
            serde_json::from_str(&String::from_utf8_lossy(&body));
        let [returned] = decoded.map_err(|error| failed(error.to_string()))?;
        let events = |(name, list): (String, Box<RawValue>)| {
            let Decoded { items, undecodable } = decode::array(list.get().as_bytes())?;
            if undecodable > 0 {
                log::warn!(
                    "{}: {undecodable} events do not decode and are skipped",
                    self.url()
                );
            }
            let mut events = official::events(items);
            events.sort_by_key(|event| event.interval);
            Ok((name, events))
        };
        let lists: serde_json::Result<_> = returned.into_iter().map(events).collect();
        lists.map_err(|error| failed(error.to_string()))
    }
}
