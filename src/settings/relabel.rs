//! Rules on labels as settings.

use super::error::{Fault, Problem};
use crate::metrics::relabel::{RelabelConfig, Rules};

/// Compiles the rules that stand under `key`. One that cannot be applied may be what keeps something private, so nothing
/// is sent.
pub(super) fn rules(key: &str, configs: Vec<RelabelConfig>) -> Result<Rules, Fault> {
    Rules::new(configs).map_err(|error| {
        let key = format!("{key}[{}].{}", error.number, error.fault.key());
        Problem::Relabel(error).of(key)
    })
}
