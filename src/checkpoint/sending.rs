use serde::{Deserialize, Serialize};

use super::Device;
use crate::timeline::Time;

/// A request under way: what is sent, and what the checkpoint says once it has been delivered.
///
/// Kept on disk from before the request until its answer. After a crash the very same bytes go out first: events,
/// settings or the agent itself may have changed, and computing the request again would send other samples beside
/// those that the receiver may have.
#[derive(Debug, Clone, PartialEq)]
pub struct Sending {
    /// Where to.
    pub endpoint: String,
    /// How many samples it holds.
    pub samples: usize,
    /// The end of its newest step.
    pub until: Time,
    /// The devices as they are after delivery.
    pub devices: Vec<Device>,
    /// The body.
    pub body: Vec<u8>,
}

/// The first line of the file; the rest is the body.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    endpoint: String,
    samples: usize,
    until: Time,
    devices: Vec<Device>,
    body_bytes: usize,
}

const VERSION: u32 = 1;

impl Sending {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let header = Header {
            version: VERSION,
            endpoint: self.endpoint.clone(),
            samples: self.samples,
            until: self.until,
            devices: self.devices.clone(),
            body_bytes: self.body.len(),
        };
        let mut bytes =
            serde_json::to_vec(&header).expect("a header has no maps with keys other than text");
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
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
        let body = bytes[line + 1..].to_vec();
        if header.version != VERSION {
            return Err(format!("version {} is not {VERSION}", header.version));
        }
        if body.len() != header.body_bytes {
            return Err(format!("{} of {} bytes", body.len(), header.body_bytes));
        }
        Ok(Self {
            endpoint: header.endpoint,
            samples: header.samples,
            until: header.until,
            devices: header.devices,
            body,
        })
    }
}
