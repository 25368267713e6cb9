//! All destinations together.

use std::{collections::BTreeSet, path::Path};

use super::{DEFAULT_URL, DestinationProblem, PartialRemoteWrite, RemoteWrite, URL_KEY, resolve};
use crate::settings::{
    error::Fault,
    secret::{Secret, masked_url},
};

/// The table that a destination stands in.
pub(in crate::settings) const TABLE: &str = "remote-write";

const URL_IN_TABLE: &str = "remote-write.url";

/// Validates all destinations, at least one: each table is one, and `prometheus_url` comes before the `url` of the
/// first. Relative paths begin at `directory`.
pub(in crate::settings) fn resolve_all(
    mut tables: Vec<PartialRemoteWrite>,
    prometheus_url: Option<&Secret>,
    directory: &Path,
) -> Result<Vec<RemoteWrite>, Fault> {
    if tables.is_empty() {
        tables.push(PartialRemoteWrite::default());
    }
    let several = tables.len() > 1;
    let mut known = BTreeSet::new();
    let mut destinations = Vec::new();
    for (table, number) in tables.into_iter().zip(1..) {
        let in_table = |fault: Fault| Fault {
            key: key_in_table(&fault.key, several.then_some(number)),
            ..fault
        };
        let url = table.url.clone();
        let (key, address) = match number {
            1 => (URL_KEY, prometheus_url.or(url.as_ref())),
            _ => (URL_IN_TABLE, url.as_ref()),
        };
        if address.is_none() && number > 1 {
            return Err(in_table(DestinationProblem::NoUrl(number).of(TABLE)));
        }
        let address = address.map_or(DEFAULT_URL, Secret::expose);
        let destination = resolve(table, (key, address), directory).map_err(in_table)?;
        if !known.insert(destination.url.clone()) {
            let url = masked_url(&destination.url);
            let is_first = destinations
                .first()
                .is_some_and(|first: &RemoteWrite| first.url == destination.url);
            let problem = DestinationProblem::SameUrl { url };
            // Of the two, the one that a flag or a variable may have set.
            return Err(if is_first && prometheus_url.is_some() {
                problem.of(URL_KEY)
            } else {
                in_table(problem.of(URL_IN_TABLE))
            });
        }
        destinations.push(destination);
    }
    Ok(destinations)
}

/// Returns a key of the table `remote-write` as one of the table of this number, if there are several.
pub(in crate::settings) fn key_in_table(key: &str, number: Option<usize>) -> String {
    match (key.strip_prefix(TABLE), number) {
        (Some(rest), Some(number)) => format!("{TABLE}[{number}]{rest}"),
        _ => key.to_owned(),
    }
}
