//! The list of modules in a launcher's settings, edited as text.
//!
//! What is not ours stays byte for byte: the parser tells where things are, and only there the text is cut or added
//! to. (`toml_edit` would rewrite line ends and leave a comment at the wrong module.) An edit is parsed again before it
//! counts, so that an odd layout leads to an error and never to another meaning.

use std::ops::Range;

use toml::Table;
use toml::de::{DeArray, DeTable, DeValue};

use super::MODULE;
use super::splice::{add, newline, quoted, remove, remove_table, with_paragraph};

/// Where a launcher has its list.
pub(super) struct Place {
    pub(super) table: &'static str,
    pub(super) key: &'static str,
    /// What holds when the file has no list; `None` where it has to have one.
    pub(super) default: Option<&'static [&'static str]>,
}

/// Why a text is left alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ListError {
    /// It is not TOML.
    Syntax { line: usize, message: String },
    /// The list is missing, or something else is in its place.
    NoList,
    /// The list is written in a way that cannot be edited.
    Layout,
}

impl Place {
    /// Whether the agent is in the list of `text`.
    pub(super) fn has_module(&self, text: &str) -> Result<bool, ListError> {
        let list = self.find(text)?;
        Ok(list.own().is_some())
    }

    /// Returns `text` with the agent in the list, last, or without it; `None` if it is so already.
    pub(super) fn set(&self, text: &str, wanted: bool) -> Result<Option<String>, ListError> {
        let list = self.find(text)?;
        let mut expected: Vec<String> = match &list {
            List::Absent { .. } => self
                .default
                .unwrap_or_default()
                .iter()
                .map(quoted)
                .collect(),
            List::Array { entries, .. } | List::Tables(entries) => entries
                .iter()
                .filter(|entry| wanted || !entry.is_own)
                .map(|entry| text[entry.span.clone()].to_owned())
                .collect(),
        };
        if list.own().is_some() == wanted {
            return Ok(None);
        }
        let edited = if wanted {
            let edited = self.with_module(text, &list);
            expected.push(quoted(&MODULE));
            edited
        } else {
            self.without_module(text)?
        };
        let is_as_meant =
            self.rest(text) == self.rest(&edited) && self.find(&edited)?.has(&edited, &expected);
        is_as_meant.then_some(Some(edited)).ok_or(ListError::Layout)
    }

    fn find(&self, text: &str) -> Result<List, ListError> {
        let root = DeTable::parse(text).map_err(|error| ListError::Syntax {
            line: text[..error.span().map_or(0, |span| span.start)]
                .matches('\n')
                .count()
                + 1,
            message: error.message().to_owned(),
        })?;
        let Some(table) = root.get_ref().get(self.table) else {
            return self.absent(None);
        };
        let header = table.span();
        let table = table.get_ref().as_table().ok_or(ListError::NoList)?;
        match table.get(self.key) {
            None => self.absent(Some(header)),
            Some(list) => {
                let entries = list.get_ref().as_array().ok_or(ListError::NoList)?;
                Ok(List::of(text, list.span(), entries))
            }
        }
    }

    fn absent(&self, header: Option<Range<usize>>) -> Result<List, ListError> {
        self.default
            .map(|_| List::Absent { header })
            .ok_or(ListError::NoList)
    }

    fn with_module(&self, text: &str, list: &List) -> String {
        let newline = newline(text);
        match list {
            List::Array { span, entries } => add(text, span, entries.last().map(|last| &last.span)),
            List::Tables(_) => {
                let Self { table, key, .. } = self;
                let entry = format!(
                    "[[{table}.{key}]]{newline}name = {}{newline}",
                    quoted(&MODULE)
                );
                with_paragraph(text, &entry)
            }
            List::Absent { header } => {
                let modules = self.default.unwrap_or_default().iter().chain([&MODULE]);
                let modules = modules.map(quoted).collect::<Vec<_>>().join(", ");
                let line = format!("{} = [{modules}]{newline}", self.key);
                match header {
                    None => with_paragraph(text, &format!("[{}]{newline}{line}", self.table)),
                    Some(header) => {
                        let end = text[header.end..].find('\n');
                        let (before, after) = match end {
                            Some(end) => text.split_at(header.end + end + 1),
                            None => (text, ""),
                        };
                        let between = if end.is_some() { "" } else { newline };
                        format!("{before}{between}{line}{after}")
                    }
                }
            }
        }
    }

    /// Takes out the agent, however often it is there.
    fn without_module(&self, text: &str) -> Result<String, ListError> {
        let mut text = text.to_owned();
        loop {
            let list = self.find(&text)?;
            let Some(index) = list.own() else {
                return Ok(text);
            };
            text = match &list {
                List::Array { span, entries } => {
                    let entries: Vec<_> = entries.iter().map(|entry| entry.span.clone()).collect();
                    remove(&text, span, &entries, index).ok_or(ListError::Layout)?
                }
                List::Tables(entries) => remove_table(&text, &entries[index].span),
                List::Absent { .. } => return Ok(text),
            };
        }
    }

    /// All that a text says but for the list.
    fn rest(&self, text: &str) -> Option<Table> {
        let mut root: Table = text.parse().ok()?;
        if let Some(toml::Value::Table(table)) = root.get_mut(self.table) {
            table.remove(self.key);
            if table.is_empty() {
                root.remove(self.table);
            }
        }
        Some(root)
    }
}

/// A list as it is written, and where. Spans are ranges of bytes.
enum List {
    /// Not at all; `header` is that of the table that it would be in.
    Absent { header: Option<Range<usize>> },
    /// In brackets, which the span includes.
    Array {
        span: Range<usize>,
        entries: Vec<Entry>,
    },
    /// As `[[…]]` sections.
    Tables(Vec<Entry>),
}

/// A module in the list, and whether it is the agent.
struct Entry {
    span: Range<usize>,
    is_own: bool,
}

impl List {
    fn of(text: &str, span: Range<usize>, entries: &DeArray<'_>) -> Self {
        let is_bracketed = !text[span.clone()].starts_with("[[") || {
            // `[[` also begins a list in a list.
            !entries.iter().all(|entry| entry.get_ref().is_table())
        };
        let entries = entries.iter().map(|entry| {
            let mut span = entry.span();
            let (name, values) = match entry.get_ref() {
                DeValue::Table(table) => {
                    (table.get("name").map(toml::Spanned::get_ref), Some(table))
                }
                value => (Some(value), None),
            };
            if !is_bracketed {
                // Of a section this is only the header.
                let ends = values.into_iter().flat_map(|table| table.values());
                span.end = ends
                    .map(|value| value.span().end)
                    .fold(span.end, usize::max);
            }
            Entry {
                span,
                is_own: name.and_then(DeValue::as_str) == Some(MODULE),
            }
        });
        let entries = entries.collect();
        if is_bracketed {
            Self::Array { span, entries }
        } else {
            Self::Tables(entries)
        }
    }

    /// The place of the agent in it.
    fn own(&self) -> Option<usize> {
        match self {
            Self::Absent { .. } => None,
            Self::Array { entries, .. } | Self::Tables(entries) => {
                entries.iter().position(|entry| entry.is_own)
            }
        }
    }

    /// Whether it is `expected`; the agent may be written in any way.
    fn has(&self, text: &str, expected: &[String]) -> bool {
        match self {
            Self::Absent { .. } => false,
            Self::Array { entries, .. } | Self::Tables(entries) => {
                entries.len() == expected.len()
                    && entries.iter().zip(expected).all(|(entry, expected)| {
                        entry.is_own || text[entry.span.clone()] == **expected
                    })
            }
        }
    }
}

#[cfg(test)]
mod tests;
