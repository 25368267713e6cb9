//! Tables as a person would have written them: in order, with a comment above.

use std::fmt;

/// A table of a settings file; [`Display`](fmt::Display) writes it with a line break at its end.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// The name between the brackets; empty for the keys at the top of the file.
    pub(super) name: &'static str,
    comments: Vec<String>,
    entries: Vec<(&'static str, toml::Value)>,
}

impl Table {
    /// Makes an empty `[[name]]`.
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            comments: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Makes what stands before all tables.
    pub(super) fn of_file() -> Self {
        Self::new("")
    }

    /// Adds a line of explanation above.
    pub(super) fn explain(&mut self, comment: impl Into<String>) {
        self.comments.push(comment.into());
    }

    /// Adds a key; they are written in the order in which they come.
    pub(super) fn set(&mut self, key: &'static str, value: impl Into<toml::Value>) {
        self.entries.push((key, value.into()));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for comment in &self.comments {
            // A name may go over several lines.
            for line in comment.lines() {
                writeln!(formatter, "## {line}")?;
            }
        }
        if !self.name.is_empty() {
            writeln!(formatter, "[[{}]]", self.name)?;
        }
        for (key, value) in &self.entries {
            writeln!(formatter, "{key} = {value}")?;
        }
        Ok(())
    }
}
