use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::{Device, Entry, Fate, Refused, Retried};
use crate::timeline::Time;

/// What is under way: the request that is sent, what is left of the same stretch, and what the checkpoint says once all
/// of it has come to an end.
///
/// Kept on disk from before the request until its answer. After a crash the very same bytes go out first: events,
/// settings or the agent itself may have changed, and computing the request again would send other samples beside
/// those that the receiver may have.
#[derive(Debug, Clone, PartialEq)]
pub struct Sending {
    /// Its number among all that was ever sent to the destination, from 1 on; 0 in files of version 2, which had none.
    pub number: u64,
    /// Where to.
    pub endpoint: String,
    /// Where the stretch begins.
    pub from: Time,
    /// Where it ends.
    pub until: Time,
    /// The devices as they are afterwards.
    pub devices: Vec<Device>,
    /// What of the stretch was refused before, and has come to its end afterwards.
    pub retried: Vec<Retried>,
    /// How many samples of the stretch have been delivered.
    pub delivered: usize,
    /// What of the stretch has been refused.
    pub refused: Vec<Refused>,
    /// What has come to an end, delivered or refused.
    pub done: Vec<Entry>,
    /// What is left, in the order in which it is sent. The first may have been sent, the others have not. Empty only
    /// between two requests.
    pub parts: Vec<Part>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The body.
    pub body: Vec<u8>,
    /// How many samples it holds.
    pub samples: usize,
    /// The timestamp of its oldest sample, in milliseconds since the Unix epoch.
    pub oldest_ms: i64,
    /// The timestamp of its newest sample.
    pub newest_ms: i64,
    /// How often it has been sent again because nobody could tell what had become of it.
    pub resent: u32,
}

/// Why a file is not what [`Sending::to_bytes`] has written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// A later version of the agent has written it.
    Newer(u32),
    /// Something has changed or cut it since.
    Damaged {
        /// What is wrong with it.
        reason: String,
        /// Where to, and the stretch of time, if at least that can be read.
        header: Option<(String, Time, Time)>,
    },
}

impl Unreadable {
    fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged {
            reason: reason.into(),
            header: None,
        }
    }
}

/// The first line of the file. The second is the digest of the first, the rest is the bodies, one after the other.
///
/// Version 2 had neither the second line nor a digest of the bodies.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    #[serde(default)]
    number: u64,
    endpoint: String,
    from: Time,
    until: Time,
    devices: Vec<Device>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    retried: Vec<Retried>,
    delivered: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Refused>,
    /// What version 2 had of what has come to an end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    done_bytes: Vec<usize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    done: Vec<DoneHeader>,
    parts: Vec<PartHeader>,
    /// The digest of all bodies.
    #[serde(default)]
    digest: String,
}

/// The part of the first line that every version has.
#[derive(Deserialize)]
struct AnyVersion {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DoneHeader {
    bytes: usize,
    fate: Fate,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartHeader {
    bytes: usize,
    samples: usize,
    oldest_ms: i64,
    newest_ms: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    resent: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde wants"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The version that this program writes.
pub(super) const VERSION: u32 = 3;

/// The last version without digests, which is read as well.
const WITHOUT_DIGESTS: u32 = 2;

impl Sending {
    /// Returns how many samples are left.
    pub fn samples(&self) -> usize {
        self.parts.iter().map(|part| part.samples).sum()
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let part = |part: &Part| PartHeader {
            bytes: part.body.len(),
            samples: part.samples,
            oldest_ms: part.oldest_ms,
            newest_ms: part.newest_ms,
            resent: part.resent,
        };
        let done = |entry: &Entry| DoneHeader {
            bytes: entry.body.len(),
            fate: entry.fate,
        };
        let of_done = self.done.iter().map(|entry| &entry.body);
        let of_parts = self.parts.iter().map(|part| &part.body);
        let bodies: Vec<u8> = of_done.chain(of_parts).flatten().copied().collect();
        let header = Header {
            version: VERSION,
            number: self.number,
            endpoint: self.endpoint.clone(),
            from: self.from,
            until: self.until,
            devices: self.devices.clone(),
            retried: self.retried.clone(),
            delivered: self.delivered,
            refused: self.refused.clone(),
            done_bytes: Vec::new(),
            done: self.done.iter().map(done).collect(),
            parts: self.parts.iter().map(part).collect(),
            digest: digest(&bodies),
        };
        let mut bytes =
            serde_json::to_vec(&header).expect("a header has no maps with keys other than text");
        let digest = digest(&bytes);
        for line_or_rest in [&b"\n"[..], digest.as_bytes(), b"\n", &bodies] {
            bytes.extend_from_slice(line_or_rest);
        }
        bytes
    }

    /// Returns what [`Self::to_bytes`] has written, of this version or the one before, or what is wrong with it.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (line, rest) = split_line(bytes).ok_or(Unreadable::damaged("no header line"))?;
        let unreadable = |error: serde_json::Error| Unreadable::damaged(error.to_string());
        let AnyVersion { version } = serde_json::from_slice(line).map_err(unreadable)?;
        if version > VERSION {
            return Err(Unreadable::Newer(version));
        }
        let bodies = if version == WITHOUT_DIGESTS {
            rest
        } else {
            let (known, bodies) = split_line(rest).unwrap_or_default();
            if known != digest(line).as_bytes() {
                return Err(Unreadable::damaged("its header is not as it was written"));
            }
            bodies
        };
        let header: Header = serde_json::from_slice(line).map_err(unreadable)?;
        let has_digest = version > WITHOUT_DIGESTS;
        if has_digest && header.digest != digest(bodies) {
            return Err(header.damaged("its requests are not as they were written".to_owned()));
        }
        header.with(bodies)
    }
}

impl Header {
    /// Returns why what follows the header is not what it says.
    fn damaged(self, reason: String) -> Unreadable {
        Unreadable::Damaged {
            reason,
            header: Some((self.endpoint, self.from, self.until)),
        }
    }

    /// What has come to an end, of either version. Version 2 did not tell what of it was refused: then all may have been.
    fn take_done(&mut self) -> Vec<DoneHeader> {
        let fate = if self.refused.is_empty() {
            Fate::Delivered
        } else {
            Fate::Refused
        };
        let of_before = self.done_bytes.drain(..);
        let mut done: Vec<_> = of_before.map(|bytes| DoneHeader { bytes, fate }).collect();
        done.append(&mut self.done);
        done
    }

    /// Returns the whole, of which `rest` is the bodies.
    fn with(mut self, mut rest: &[u8]) -> Result<Sending, Unreadable> {
        let (done, parts) = (self.take_done(), std::mem::take(&mut self.parts));
        let of_parts = parts.iter().map(|part| part.bytes);
        let mut bodies = Vec::new();
        for length in done.iter().map(|done| done.bytes).chain(of_parts) {
            let Some((body, further)) = rest.split_at_checked(length) else {
                return Err(self.damaged(format!("{} of {length} bytes", rest.len())));
            };
            bodies.push(body.to_vec());
            rest = further;
        }
        if !rest.is_empty() {
            return Err(self.damaged(format!("{} bytes too many", rest.len())));
        }
        let of_parts = bodies.split_off(done.len());
        let done = done.into_iter().zip(bodies).map(|(done, body)| Entry {
            body,
            fate: done.fate,
        });
        let parts = parts.into_iter().zip(of_parts).map(|(part, body)| Part {
            body,
            samples: part.samples,
            oldest_ms: part.oldest_ms,
            newest_ms: part.newest_ms,
            resent: part.resent,
        });
        Ok(Sending {
            number: self.number,
            endpoint: self.endpoint,
            from: self.from,
            until: self.until,
            devices: self.devices,
            retried: self.retried,
            delivered: self.delivered,
            refused: self.refused,
            done: done.collect(),
            parts: parts.collect(),
        })
    }
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// Returns what tells bytes from any others that damage makes of them.
fn digest(bytes: &[u8]) -> String {
    let digest: [u8; 16] = Md5::digest(bytes).into();
    format!("{:032x}", u128::from_be_bytes(digest))
}
