use std::collections::BTreeMap;
use std::time::Duration;

use super::Ages;
use super::check::{Check, Fault, Verdict};
use super::{clock, limits, storage};
use crate::query_api::{BuildInfo, QueryError};
use crate::remote_write::{Outcome, Probe};
use crate::timeline::Time;

/// What is known of a receiver.
#[derive(Debug, Clone)]
pub struct ReceiverFacts {
    /// The address of remote write, as it may be shown.
    pub address: String,
    /// What it did with a request that holds nothing.
    pub probe: Probe,
    /// By how many seconds its clock is ahead of ours, if that is known.
    pub clock_ahead: Option<i64>,
    /// Which way samples go.
    pub way: Way,
    /// Whether a password or a token goes along.
    pub has_credentials: bool,
    /// The most labels that a series can have.
    pub labels: usize,
    /// Whether it can be asked what it has.
    pub query: Result<(), QueryError>,
    /// What is asked says that it is this.
    pub build: Option<BuildInfo>,
    /// The flags of Prometheus.
    pub flags: Option<BTreeMap<String, String>>,
    /// How long Prometheus keeps samples, in its words.
    pub retention: Option<String>,
    /// How far behind its newest sample Prometheus takes others.
    pub window: Option<Duration>,
    /// The newest sample that Prometheus holds in memory.
    pub head_max: Option<Time>,
    /// The set flags of whom samples are sent to, if that is of VictoriaMetrics's family.
    pub written_to: Option<BTreeMap<String, String>>,
    /// The set flags of who is asked, if that is of VictoriaMetrics's family.
    pub asked: Option<BTreeMap<String, String>>,
    /// The version of who is asked, of VictoriaMetrics's family.
    pub victoria_metrics_version: Option<String>,
}

/// Which way samples go, and so who can read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By TLS.
    Tls,
    /// By TLS, to whoever has any certificate.
    AnyCertificate,
    /// Unencrypted, but they stay on this machine.
    Here,
    /// Unencrypted.
    Plain,
}

/// Who takes the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Prometheus.
    Prometheus,
    /// VictoriaMetrics on one node.
    VictoriaMetrics,
    /// vmagent, or another part of VictoriaMetrics that keeps nothing itself.
    Vmagent,
    /// Somebody else, or nobody knows.
    Other,
}

impl ReceiverFacts {
    /// Returns who it seems to be.
    pub fn kind(&self) -> Kind {
        let is_relay = |flags: &BTreeMap<String, String>| {
            ["remoteWrite.url", "storageNode"]
                .iter()
                .any(|flag| flags.contains_key(*flag))
        };
        match &self.written_to {
            Some(flags) if is_relay(flags) => Kind::Vmagent,
            Some(_) => Kind::VictoriaMetrics,
            None if self.probe.is_victoria_metrics && self.query.is_err() => Kind::Vmagent,
            None if self.probe.is_victoria_metrics => Kind::VictoriaMetrics,
            None if self.flags.is_some() => Kind::Prometheus,
            None => Kind::Other,
        }
    }

    /// Whether it is a Prometheus that keeps nothing and only passes samples on.
    pub(super) fn is_agent(&self) -> bool {
        let is = |flag: &str, wanted: &str| {
            let set = self.flags.as_ref().and_then(|flags| flags.get(flag));
            set.is_some_and(|value| value.split(',').any(|value| value == wanted))
        };
        is("agent", "true") || is("enable-feature", "agent")
    }

    /// Returns kind and version in words.
    fn name(&self) -> String {
        let version = |version: &Option<String>| {
            version
                .as_ref()
                .map(|version| format!(" {version}"))
                .unwrap_or_default()
        };
        let build = self.build.clone().unwrap_or_default();
        match (self.kind(), build.application) {
            (Kind::Prometheus, _) => format!("Prometheus{}", version(&build.version)),
            (Kind::VictoriaMetrics, _) => {
                format!("VictoriaMetrics{}", version(&self.victoria_metrics_version))
            }
            (Kind::Vmagent, _) => "vmagent, or another relay of VictoriaMetrics".to_owned(),
            (Kind::Other, Some(application)) => application + &version(&build.version),
            (Kind::Other, None) => "answers, but does not say what it is".to_owned(),
        }
    }
}

pub(super) fn checks(facts: &ReceiverFacts, ages: Ages, now: Time) -> Vec<Check> {
    let mut checks = reach(facts);
    let is_reached = checks
        .iter()
        .all(|check| !matches!(check.verdict, Verdict::Fail(Fault::Unreachable)));
    if !is_reached {
        return checks;
    }
    checks.push(encryption(facts.way, facts.has_credentials));
    checks.extend(facts.clock_ahead.map(clock::check));
    checks.extend(limits::check_own(facts.labels));
    checks.extend(query(facts));
    checks.extend(storage::checks(facts, ages, now));
    checks
}

/// Judges what became of the empty request.
fn reach(facts: &ReceiverFacts) -> Vec<Check> {
    let name = facts.name();
    let taken = |check: Check| vec![Check::pass("reachable", name.clone()), check];
    match &facts.probe.outcome {
        Outcome::Delivered => taken(Check::pass("write path", "takes an empty request")),
        Outcome::Misconfigured { reason, hint } => {
            taken(unaccepted(reason, hint, facts.has_credentials))
        }
        Outcome::Unavailable { reason, .. } => vec![
            Check::fail("reachable", Fault::Unreachable, reason)
                .advise("start it, and see that nothing between here and there is in the way")
                .fix(
                    "or say in the settings file where it listens",
                    "prometheus-url = \"http://127.0.0.1:9090\"",
                ),
        ],
        Outcome::NotSent(error) => vec![Check::hinted(
            "reachable",
            Verdict::Fail(Fault::Settings),
            &error.to_string(),
        )],
        Outcome::TooOld { reason, .. }
        | Outcome::TooLarge { reason }
        | Outcome::Refused { reason, .. } => taken(Check::warn(
            "write path",
            format!("finds fault with a request that holds nothing: {reason}"),
        )),
    }
}

/// Returns what keeps requests from being taken, and what to type against it.
fn unaccepted(reason: &str, hint: &str, has_credentials: bool) -> Check {
    let check = Check::fail("write path", Fault::Settings, reason);
    if hint.contains("--web.enable-remote-write-receiver") {
        check.fix(
            "start Prometheus with",
            "--web.enable-remote-write-receiver",
        )
    } else if hint.contains("basic-auth") && !has_credentials {
        check.fix(
            "write who you are into the settings file",
            "[remote-write]\nbasic-auth = { username = \"ada\", password-file = \"prometheus.password\" }",
        )
    } else {
        check.advise(hint)
    }
}

fn encryption(way: Way, has_credentials: bool) -> Check {
    const NAME: &str = "encryption";
    match way {
        Way::Tls => Check::pass(NAME, "TLS"),
        Way::Here => Check::pass(NAME, "not needed: it stays on this machine"),
        Way::Plain if !has_credentials => {
            Check::pass(NAME, "none: whoever is on the way can read along")
        }
        Way::Plain => Check::warn(
            NAME,
            "none: whoever is on the way can read the password or token",
        )
        .advise("let the receiver speak TLS, and write https:// in `prometheus-url`"),
        Way::AnyCertificate => Check::warn(
            NAME,
            "TLS, but any certificate is taken, so anybody can pretend to be the receiver",
        )
        .fix(
            "trust its own in the settings file, in place of `insecure-skip-verify`",
            "[remote-write]\ntls-config.ca-file = \"ca.pem\"",
        ),
    }
}

fn query(facts: &ReceiverFacts) -> Option<Check> {
    let is_relay = facts.kind() == Kind::Vmagent;
    let reason = match &facts.query {
        Ok(()) => return Some(Check::pass("query API", "answers")),
        // The mode says it.
        Err(_) if facts.is_agent() => return None,
        // What is wrong with the address or the password was said, and is so here.
        Err(_)
            if matches!(
                facts.probe.outcome,
                Outcome::NotSent(_) | Outcome::Misconfigured { .. }
            ) =>
        {
            return None;
        }
        Err(QueryError::NoQueryApi { .. }) if is_relay => "none: it only passes samples on",
        Err(QueryError::NoQueryApi { reason }) => reason,
        Err(other) => {
            let message = other.to_string();
            return Some(Check::hinted("query API", Verdict::Warn, &message));
        }
    };
    let lost = if is_relay {
        "what was sent when an answer is lost stays unclear, and `verify` cannot compare"
    } else {
        "`verify` cannot compare"
    };
    let check = Check::warn("query API", format!("{reason}; so {lost}"));
    Some(check.fix(
        "say in the settings file where it can be asked what there is",
        "[remote-write]\nquery-url = \"http://127.0.0.1:9090/api/v1\"",
    ))
}
