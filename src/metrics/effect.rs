use std::time::Duration;

use super::sums::Sums;
use super::{Labelling, Source, relabel::Fate};

/// What one rule does to the time of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RuleEffect {
    /// How much time has other labels after it.
    pub changed: Duration,
    /// How much time it drops, or leaves without the name of a metric, which is the same.
    pub dropped: Duration,
}

/// Returns the effect of each rule, in their order, on what [`device_series`](super::device_series) makes of the same
/// sources. Only what is timed is looked at, not what is counted.
pub fn rule_effects<'a>(
    sources: impl IntoIterator<Item = Source<'a>>,
    labelling: Labelling<'_>,
) -> Vec<RuleEffect> {
    let mut effects = vec![RuleEffect::default(); labelling.rules.configs().len()];
    let sums = if labelling.rules.is_empty() {
        Sums::default()
    } else {
        Sums::of(sources, labelling)
    };
    for (labels, steps) in sums.by_labels {
        let is_timed = labels
            .iter()
            .any(|(name, value)| name == "__name__" && value.ends_with("_seconds"));
        if !is_timed {
            continue;
        }
        let nanos: i64 = steps.iter().map(|(_, nanos)| nanos).sum();
        let time = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
        let fates = labelling.rules.fates(labelling.with_common(labels));
        for (effect, fate) in effects.iter_mut().zip(fates) {
            match fate {
                Fate::Unchanged => {}
                Fate::Changed => effect.changed += time,
                Fate::Dropped => effect.dropped += time,
            }
        }
    }
    effects
}
