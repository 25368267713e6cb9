use serde::{Deserialize, Serialize};

use super::{Device, Refused, Retried};
use crate::timeline::Time;

/// What is under way: the request that is sent, what is left of the same stretch, and what the checkpoint says once all
/// of it has come to an end.
///
/// Kept on disk from before the request until its answer. After a crash the very same bytes go out first: events,
/// settings or the agent itself may have changed, and computing the request again would send other samples beside
/// those that the receiver may have.
#[derive(Debug, Clone, PartialEq)]
pub struct Sending {
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
    /// What has come to an end, delivered or refused: bodies of requests.
    pub done: Vec<Vec<u8>>,
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

/// The first line of the file; the rest is the bodies, one after the other.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    endpoint: String,
    from: Time,
    until: Time,
    devices: Vec<Device>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    retried: Vec<Retried>,
    delivered: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Refused>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    done_bytes: Vec<usize>,
    parts: Vec<PartHeader>,
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

const VERSION: u32 = 2;

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
        let header = Header {
            version: VERSION,
            endpoint: self.endpoint.clone(),
            from: self.from,
            until: self.until,
            devices: self.devices.clone(),
            retried: self.retried.clone(),
            delivered: self.delivered,
            refused: self.refused.clone(),
            done_bytes: self.done.iter().map(Vec::len).collect(),
            parts: self.parts.iter().map(part).collect(),
        };
        let mut bytes =
            serde_json::to_vec(&header).expect("a header has no maps with keys other than text");
        bytes.push(b'\n');
        let of_parts = self.parts.iter().map(|part| &part.body);
        for body in self.done.iter().chain(of_parts) {
            bytes.extend_from_slice(body);
        }
        bytes
    }

    /// Returns what [`Self::to_bytes`] has written, or what is wrong with it.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let line = bytes
            .iter()
            .position(|&byte| byte == b'\n')
            .ok_or("no header line")?;
        let header: Header =
            serde_json::from_slice(&bytes[..line]).map_err(|error| error.to_string())?;
        if header.version != VERSION {
            return Err(format!("version {} is not {VERSION}", header.version));
        }
        let mut rest = &bytes[line + 1..];
        let mut take = |length: usize| {
            let (body, further) = rest
                .split_at_checked(length)
                .ok_or_else(|| format!("{} of {length} bytes", rest.len()))?;
            rest = further;
            Ok::<_, String>(body.to_vec())
        };
        let done: Result<_, _> = header.done_bytes.into_iter().map(&mut take).collect();
        let done = done?;
        let mut parts = Vec::new();
        for part in header.parts {
            parts.push(Part {
                body: take(part.bytes)?,
                samples: part.samples,
                oldest_ms: part.oldest_ms,
                newest_ms: part.newest_ms,
                resent: part.resent,
            });
        }
        if !rest.is_empty() {
            return Err(format!("{} bytes too many", rest.len()));
        }
        Ok(Self {
            endpoint: header.endpoint,
            from: header.from,
            until: header.until,
            devices: header.devices,
            retried: header.retried,
            delivered: header.delivered,
            refused: header.refused,
            done,
            parts,
        })
    }
}
