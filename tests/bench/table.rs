//! The measured, as a table to read and as JSON to compare.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cost::{Cost, median};
use crate::floors::Recording;
use crate::history::History;

/// One history with all that was measured on it.
pub(crate) struct Row {
    days: u32,
    events: usize,
    reads: usize,
    writes: usize,
    questions: usize,
    bytes: usize,
    samples: usize,
    series: usize,
    pub(crate) download: Vec<Cost>,
    pub(crate) replay: Vec<Cost>,
    pub(crate) agent: Vec<Cost>,
}

impl Row {
    pub(crate) fn new(history: &History, recording: &Recording) -> Self {
        let (samples, series) = recording.samples_and_series();
        Self {
            days: history.days,
            events: history.events,
            reads: recording.reads.len(),
            writes: recording.writes.len(),
            questions: recording.questions,
            bytes: recording.bytes(),
            samples,
            series,
            download: Vec::new(),
            replay: Vec::new(),
            agent: Vec::new(),
        }
    }

    fn wall(costs: &[Cost]) -> f64 {
        median(costs.iter().map(|cost| cost.wall_seconds))
    }

    fn cpu(&self) -> f64 {
        median(self.agent.iter().map(|cost| cost.cpu_seconds))
    }

    /// The most of all rounds.
    fn peak(&self) -> f64 {
        let peaks = self.agent.iter().map(|cost| cost.peak_megabytes);
        peaks.fold(0.0, f64::max)
    }

    /// How many times the larger floor the agent takes.
    fn ratio(&self) -> f64 {
        Self::wall(&self.agent) / Self::wall(&self.download).max(Self::wall(&self.replay))
    }

    pub(crate) fn shown(&self) -> String {
        format!(
            "  curl reads {:.2} s, curl writes {:.2} s, the agent {:.2} s ({:.2} times), {:.2} s of CPU, {:.1} MB; \
             {} reads, {} writes and {} questions, {} bytes, {} samples of {} series",
            Self::wall(&self.download),
            Self::wall(&self.replay),
            Self::wall(&self.agent),
            self.ratio(),
            self.cpu(),
            self.peak(),
            self.reads,
            self.writes,
            self.questions,
            self.bytes,
            self.samples,
            self.series
        )
    }

    pub(crate) fn json(&self) -> Value {
        let costs = |costs: &[Cost]| -> Value {
            costs
                .iter()
                .map(|cost| {
                    json!({
                        "wall_seconds": cost.wall_seconds,
                        "cpu_seconds": cost.cpu_seconds,
                        "peak_megabytes": cost.peak_megabytes,
                    })
                })
                .collect()
        };
        json!({
            "days": self.days,
            "events": self.events,
            "reads": self.reads,
            "writes": self.writes,
            "questions": self.questions,
            "bytes": self.bytes,
            "samples": self.samples,
            "series": self.series,
            "times_the_larger_floor": self.ratio(),
            "curl_reads": costs(&self.download),
            "curl_writes": costs(&self.replay),
            "agent": costs(&self.agent),
        })
    }
}

/// Returns the rows as Markdown.
pub(crate) fn of(rows: &[Row]) -> String {
    let mut text = String::from(
        "| days | events | curl reads | curl writes | agent | of the larger | CPU | peak | reads | writes | bytes | samples | series |\n\
         |---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for row in rows {
        // Writing to a text cannot fail.
        _ = writeln!(
            text,
            "| {} | {} | {:.2} s | {:.2} s | {:.2} s | {:.2} | {:.2} s | {:.1} MB | {} | {} + {} | {} | {} | {} |",
            row.days,
            row.events,
            Row::wall(&row.download),
            Row::wall(&row.replay),
            Row::wall(&row.agent),
            row.ratio(),
            row.cpu(),
            row.peak(),
            row.reads,
            row.writes,
            row.questions,
            row.bytes,
            row.samples,
            row.series
        );
    }
    text
}
