//! `status`: what has been delivered and what has not, from the agent's own state; asks no server.

use std::fmt::Display;
use std::io::{self, Write};

use chrono::{DateTime, TimeZone, Utc};
use reqwest::Url;
use serde::Serialize;

use super::CommandError;
use crate::checkpoint::{Cause, Device, Endpoint, Lock, Refused, Sending, Store};
use crate::message::one_line;
use crate::settings::masked_url;
use crate::timeline::Time;

/// The state of everything, as `status --json` prints it.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Who works with the state at the moment, for example `process 4711 (daemon)`.
    pub running: Option<String>,
    /// The destinations, ascending by address.
    pub endpoints: Vec<EndpointStatus>,
}

/// The state of one destination.
#[derive(Debug, Serialize)]
pub struct EndpointStatus {
    /// Its address, without what may be a secret.
    pub url: String,
    /// Samples of a request that has not been answered.
    pub unanswered_samples: Option<usize>,
    /// How far it has come.
    #[serde(flatten)]
    pub endpoint: Endpoint,
}

/// Reads the state.
///
/// # Errors
/// [`CommandError::Store`].
pub fn read(store: &Store) -> Result<Status, CommandError> {
    let mut endpoints = Vec::new();
    for (url, mut endpoint) in store.load()?.endpoints {
        // Hashes tell nobody anything.
        for device in &mut endpoint.devices {
            device.label_sets = None;
        }
        endpoints.push(EndpointStatus {
            unanswered_samples: store.sending(&url)?.as_ref().map(Sending::samples),
            url: shown(&url),
            endpoint,
        });
    }
    Ok(Status {
        running: Lock::holder(store),
        endpoints,
    })
}

/// Prints `status` for a program.
///
/// # Errors
/// Those of `out`.
pub fn print_json(status: &Status, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, status)?;
    writeln!(out)
}

/// Prints `status` for a person, with times in the zone of `now`.
///
/// # Errors
/// Those of `out`.
pub fn print<Tz: TimeZone<Offset: Display>>(
    status: &Status,
    now: &DateTime<Tz>,
    out: &mut impl Write,
) -> io::Result<()> {
    match &status.running {
        Some(holder) => writeln!(out, "aw-sync-agent is running, {holder}")?,
        None => writeln!(out, "aw-sync-agent is not running")?,
    }
    if status.endpoints.is_empty() {
        writeln!(
            out,
            "\nNothing has been sent yet. `aw-sync-agent sync` makes the first pass."
        )?;
    }
    for EndpointStatus {
        url,
        unanswered_samples,
        endpoint,
    } in &status.endpoints
    {
        writeln!(out, "\n{url}")?;
        match endpoint.last_success {
            Some(time) => writeln!(out, "  everything was delivered {}", moment(time, now))?,
            None => writeln!(out, "  no pass has delivered everything yet")?,
        }
        if let Some(failure) = &endpoint.last_failure {
            writeln!(
                out,
                "  the last pass, {}, did not:",
                moment(failure.at, now)
            )?;
            for line in failure.message.lines() {
                writeln!(out, "    {line}")?;
            }
        }
        if let Some(samples) = unanswered_samples {
            writeln!(
                out,
                "  a request of {samples} samples has not been answered; the next pass sends it again"
            )?;
        }
        for device in &endpoint.devices {
            print_device(device, now, out)?;
            let of_device =
                |refused: &&Refused| (&refused.user, &refused.host) == (&device.user, &device.host);
            for refused in endpoint.refused.iter().filter(of_device) {
                print_refused(refused, now, out)?;
            }
        }
        if !endpoint.refused.is_empty() {
            writeln!(
                out,
                "  what is not there: `aw-sync-agent backfill --refused` tries it again, `aw-sync-agent export --refused` writes it to a file"
            )?;
        }
    }
    Ok(())
}

fn print_device<Tz: TimeZone<Offset: Display>>(
    device: &Device,
    now: &DateTime<Tz>,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "  {} (user {})", device.host, device.user)?;
    writeln!(out, "    delivered until {}", moment(device.watermark, now))?;
    let lagging = device
        .buckets
        .iter()
        .filter_map(|(bucket, progress)| Some((bucket, progress.done_until?)));
    for (bucket, until) in lagging {
        let until = if until == Time::EPOCH {
            "not yet at all".to_owned()
        } else {
            format!("only until {}", moment(until, now))
        };
        writeln!(out, "    but {bucket} {until}")?;
    }
    Ok(())
}

fn print_refused<Tz: TimeZone<Offset: Display>>(
    refused: &Refused,
    now: &DateTime<Tz>,
    out: &mut impl Write,
) -> io::Result<()> {
    let why = match refused.cause {
        Cause::TooOld => "too old for the receiver",
        Cause::Fault => "refused",
        Cause::TooLarge => "too large",
        Cause::Unclear => "whether they arrived is not known",
    };
    // Where the stretch begins may be long before the first sample.
    let from = if refused.from == Time::EPOCH {
        "from the very first".to_owned()
    } else {
        format!("from {}", local(refused.from, now))
    };
    writeln!(
        out,
        "    but {} samples {from} until {} are not there: {why}",
        refused.samples,
        local(refused.until, now)
    )?;
    writeln!(out, "      {}", one_line(&refused.reason, 200))
}

/// Returns an address without what may be a secret.
fn shown(url: &str) -> String {
    Url::parse(url).map_or_else(|_| url.to_owned(), |url| masked_url(&url))
}

/// Returns a time as a person reads it: local, and how long ago.
fn moment<Tz: TimeZone<Offset: Display>>(time: Time, now: &DateTime<Tz>) -> String {
    let present = Time::from(now.to_utc());
    let ago = match present.since(time).as_secs() {
        _ if time > present => "still to come".to_owned(),
        0..=59 => "just now".to_owned(),
        seconds @ 60..=3599 => format!("{} min ago", seconds / 60),
        seconds @ 3600..=172_799 => format!("{} h ago", seconds / 3600),
        seconds => format!("{} days ago", seconds / 86_400),
    };
    format!("{} ({ago})", local(time, now))
}

fn local<Tz: TimeZone<Offset: Display>>(time: Time, now: &DateTime<Tz>) -> String {
    let local = DateTime::<Utc>::from(time).with_timezone(&now.timezone());
    local.format("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{BucketProgress, Failure};

    fn at(text: &str) -> Time {
        text.parse::<DateTime<Utc>>().unwrap().into()
    }

    fn lagging(since: &str) -> BucketProgress {
        BucketProgress {
            kind: "t".to_owned(),
            done_until: Some(at(since)),
            begun: None,
        }
    }

    #[test]
    fn a_person_sees_what_is_delivered_and_what_is_not() {
        let device = Device {
            user: "ada".to_owned(),
            host: "laptop".to_owned(),
            server: "http://127.0.0.1:5600".to_owned(),
            watermark: at("2026-11-24T08:40:00Z"),
            newest: None,
            label_sets: None,
            focus: None,
            buckets: [
                (
                    "aw-watcher-web-firefox".to_owned(),
                    lagging("2026-11-20T00:00:00Z"),
                ),
                (
                    "aw-watcher-afk".to_owned(),
                    BucketProgress {
                        done_until: None,
                        ..lagging("2026-11-20T00:00:00Z")
                    },
                ),
            ]
            .into(),
        };
        let failure = Failure {
            at: at("2026-11-24T08:50:00Z"),
            message: "no answer\nhint: wait".to_owned(),
        };
        let endpoint = Endpoint {
            devices: vec![device],
            last_success: Some(at("2026-11-24T06:45:00Z")),
            last_failure: Some(failure),
            refused: vec![Refused {
                user: "ada".to_owned(),
                host: "laptop".to_owned(),
                from: Time::EPOCH,
                until: at("2026-11-24T07:45:00Z"),
                samples: 12_345,
                cause: Cause::TooOld,
                reason: "HTTP 400: out of bounds".to_owned(),
            }],
            ..Endpoint::default()
        };
        let url = "http://127.0.0.1:9090/api/v1/write".to_owned();
        let endpoints = vec![EndpointStatus {
            url,
            unanswered_samples: Some(120),
            endpoint,
        }];
        let status = Status {
            running: Some("process 7 (daemon)".to_owned()),
            endpoints,
        };
        let now = DateTime::parse_from_rfc3339("2026-11-24T09:50:30+01:00").unwrap();
        let mut out = Vec::new();
        print(&status, &now, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @"
        aw-sync-agent is running, process 7 (daemon)

        http://127.0.0.1:9090/api/v1/write
          everything was delivered 2026-11-24 07:45 (2 h ago)
          the last pass, 2026-11-24 09:50 (just now), did not:
            no answer
            hint: wait
          a request of 120 samples has not been answered; the next pass sends it again
          laptop (user ada)
            delivered until 2026-11-24 09:40 (10 min ago)
            but aw-watcher-web-firefox only until 2026-11-20 01:00 (4 days ago)
            but 12345 samples from the very first until 2026-11-24 08:45 are not there: too old for the receiver
              HTTP 400: out of bounds
          what is not there: `aw-sync-agent backfill --refused` tries it again, `aw-sync-agent export --refused` writes it to a file
        ");
    }

    #[test]
    fn an_agent_that_never_ran_says_so() {
        let mut out = Vec::new();
        print(
            &Status {
                running: None,
                endpoints: vec![],
            },
            &Utc::now(),
            &mut out,
        )
        .unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @"
        aw-sync-agent is not running

        Nothing has been sent yet. `aw-sync-agent sync` makes the first pass.
        ");
    }
}
