//! What there is to know of the receiver.

use std::collections::BTreeMap;
use std::time::SystemTime;

use chrono::Utc;
use reqwest::Url;

use super::{LIMIT, seconds_ahead};
use crate::diagnosis::{ReceiverFacts, Way, labels_at_most};
use crate::query_api::{self, QueryError};
use crate::remote_write::{self, Outcome};
use crate::settings::{RemoteWrite, Settings, is_loopback};
use crate::timeline::Time;

/// What every query API has an answer to.
const QUESTION: &str = "vector(1)";

/// Asks the receiver all that it may answer.
pub(super) async fn facts(settings: &Settings, destination: &RemoteWrite) -> ReceiverFacts {
    let destination = RemoteWrite {
        remote_timeout: destination.remote_timeout.min(LIMIT),
        ..destination.clone()
    };
    let client = remote_write::Client::new(&destination);
    let before = SystemTime::now();
    let probe = client.probe().await;
    let after = SystemTime::now();
    let mut facts = ReceiverFacts {
        address: client.shown().to_owned(),
        clock_ahead: probe.date.map(|date| seconds_ahead(date, before, after)),
        way: way(&destination),
        has_credentials: destination.basic_auth.is_some() || destination.authorization.is_some(),
        labels: labels_at_most(settings),
        query: Err(QueryError::Unavailable {
            url: client.shown().to_owned(),
            reason: "it was not asked".to_owned(),
        }),
        build: None,
        flags: None,
        retention: None,
        window: None,
        head_max: None,
        written_to: None,
        asked: None,
        victoria_metrics_version: None,
        probe,
    };
    let is_away = matches!(
        facts.probe.outcome,
        Outcome::Unavailable { .. } | Outcome::NotSent(_)
    );
    if is_away {
        return facts;
    }
    if facts.probe.is_victoria_metrics {
        facts.written_to = flags_of_family(&beside_write_path(&destination)).await;
    }
    let api = query_api::Client::new(&destination);
    facts.query = api
        .instant(QUESTION, Time::from(Utc::now()))
        .await
        .map(drop);
    // A Prometheus that keeps nothing refuses queries, and says what it is all the same.
    if matches!(facts.query, Ok(()) | Err(QueryError::Rejected { .. })) {
        ask(&api, &destination, &mut facts).await;
    }
    facts
}

async fn ask(api: &query_api::Client, destination: &RemoteWrite, facts: &mut ReceiverFacts) {
    facts.build = api.build_info().await.ok();
    facts.flags = api.flags().await.ok();
    if facts.flags.is_some() {
        facts.retention = api.retention().await.ok().flatten();
        facts.window = api.out_of_order_window().await.ok();
        let newest = api.head_max_time().await.ok().flatten();
        facts.head_max = newest.map(Time::from_millis);
    } else {
        facts.asked = flags_of_family(destination).await;
        facts.victoria_metrics_version = api.victoria_metrics_version().await.ok().flatten();
    }
}

async fn flags_of_family(destination: &RemoteWrite) -> Option<BTreeMap<String, String>> {
    let api = query_api::Client::new(destination);
    api.victoria_metrics_flags().await.ok()
}

/// Returns `destination` with its query API where samples go, wherever else it may be.
fn beside_write_path(destination: &RemoteWrite) -> RemoteWrite {
    let root = destination.url.path().strip_suffix("/api/v1/write");
    let query_url = root.map(|root| {
        let mut url: Url = destination.url.clone();
        url.set_path(&format!("{root}/api/v1"));
        url
    });
    RemoteWrite {
        query_url,
        ..destination.clone()
    }
}

fn way(destination: &RemoteWrite) -> Way {
    let is_encrypted = destination.url.scheme() == "https";
    match (is_encrypted, is_loopback(&destination.url)) {
        (true, _) if destination.tls_config.insecure_skip_verify => Way::AnyCertificate,
        (true, _) => Way::Tls,
        (false, true) => Way::Here,
        (false, false) => Way::Plain,
    }
}
