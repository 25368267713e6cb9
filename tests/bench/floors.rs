//! The least that the two servers take: the same reads by curl, and the same requests replayed by curl.

use std::fmt::Write as _;
use std::fs;

use aw_sync_agent::remote_write::Parcel;
use tempfile::TempDir;

use crate::cost::Cost;
use crate::harness::{Agent, AwServer, Process, Prometheus, Proxy, Receiver, Verdict};
use crate::{PATIENCE, receiver};

/// What a first sync asks of both servers, recorded between them and the agent.
pub(crate) struct Recording {
    /// What is read of ActivityWatch.
    pub(crate) reads: Vec<String>,
    /// The bodies of the remote-write requests.
    pub(crate) writes: Vec<Vec<u8>>,
    /// How many other questions the receiver is asked.
    pub(crate) questions: usize,
    directory: TempDir,
}

impl Recording {
    pub(crate) fn of(server: &AwServer) -> Self {
        let receiver = receiver();
        let at_server = Proxy::judging(&server.url(), |_| Verdict::Forward);
        let at_receiver = Proxy::judging(&receiver.url(), |_| Verdict::Forward);
        let agent = Agent::new()
            .reading(&at_server.url())
            .writing(&at_receiver.url());
        let run = agent.spawn(&["sync"]).wait(PATIENCE);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let path = |head: String| {
            let mut words = head.split(' ').skip(1);
            words.next().expect("a request line has a path").to_owned()
        };
        let reads = at_server.heads().into_iter().map(path).collect();
        let requests = at_receiver.heads().into_iter().zip(at_receiver.bodies());
        let (writes, questions): (Vec<_>, Vec<_>) =
            requests.partition(|(head, _)| head.starts_with("POST /api/v1/write "));
        Self {
            reads,
            writes: writes.into_iter().map(|(_, body)| body).collect(),
            questions: questions.len(),
            directory: TempDir::new().expect("there is a directory for temporary files"),
        }
    }

    /// Bytes of all bodies.
    pub(crate) fn bytes(&self) -> usize {
        self.writes.iter().map(Vec::len).sum()
    }

    /// Samples and series of all bodies.
    pub(crate) fn samples_and_series(&self) -> (usize, usize) {
        let mut all = std::collections::BTreeSet::new();
        let mut samples = 0;
        for body in &self.writes {
            for series in Parcel::of_body(body).expect("the agent wrote it").series() {
                samples += series.samples.len();
                all.insert(series.labels.clone());
            }
        }
        (samples, all.len())
    }

    /// Reads the same with curl.
    pub(crate) fn download(&self, server: &AwServer) -> Cost {
        let mut config = String::new();
        for path in &self.reads {
            // Not `expect`: writing to a text cannot fail.
            _ = writeln!(
                config,
                "url = \"{}{path}\"\noutput = /dev/null",
                server.url()
            );
        }
        self.curl(&config)
    }

    /// Sends the same with curl.
    pub(crate) fn replay(&self, receiver: &Prometheus) -> Cost {
        let mut config = String::new();
        for (number, body) in self.writes.iter().enumerate() {
            let path = self.directory.path().join(number.to_string());
            fs::write(&path, body).expect("the directory of temporary files is writable");
            _ = write!(
                config,
                "url = \"{}/api/v1/write\"\nfail\nsilent\nshow-error\ndata-binary = \"@{}\"\n\
                 header = \"Content-Type: application/x-protobuf\"\nheader = \"Content-Encoding: snappy\"\n\
                 header = \"X-Prometheus-Remote-Write-Version: 0.1.0\"\noutput = /dev/null\nnext\n",
                receiver.url(),
                path.display()
            );
        }
        self.curl(config.trim_end_matches("next\n"))
    }

    fn curl(&self, config: &str) -> Cost {
        let directory = self.directory.path();
        let file = directory.join("curl");
        fs::write(&file, config).expect("the directory of temporary files is writable");
        let (cost, run) = Cost::of(directory, |mut curl| {
            curl.args(["curl", "--silent", "--show-error", "--config"])
                .arg(&file);
            Process::spawn("curl", &mut curl, directory).wait(PATIENCE)
        });
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        cost
    }
}
