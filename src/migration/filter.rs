//! One filter: which events it means, and what it does to them.

use regex::Regex;
use serde_json::{Map, Value};

use super::{
    condition::{Condition, MARKED, is_anchored, join},
    is_yes, list, plain, scalar,
    written::Table,
};

/// The bucket client of the events that have a category.
const WINDOW: &str = "aw-watcher-window";

/// What stands between a value of which a part is replaced and the others.
const SEPARATOR: &str = " ;; ";

/// Keys of an event's data whose values leave as they are, as the label of the same name.
const LABELS: [&str; 3] = ["app", "language", "status"];

/// A filter as written.
#[derive(Debug, Default)]
pub(super) struct Filter {
    number: usize,
    name: String,
    is_off: bool,
    watchers: Vec<String>,
    targets: Vec<Pair>,
    plain: Vec<Pair>,
    regex: Vec<Pair>,
    category: Option<String>,
    drop: bool,
}

/// A key of an event's data, what is looked for in its value, and what is set.
#[derive(Debug, Default)]
struct Pair {
    key: String,
    pattern: String,
    value: String,
}

impl Filter {
    /// Reads an entry of `Filters`, whose fields stand beside or below a key `Filter`, and says what it has no use for.
    pub(super) fn read(number: usize, entry: &Value, left_out: &mut Vec<String>) -> Self {
        let mut filter = Self {
            number,
            ..Self::default()
        };
        let mut unknown = Vec::new();
        for (key, value) in fields(entry) {
            match &key[..] {
                "filtername" => filter.name = scalar(value),
                // The Go agent takes a filter without this key as one that is off, and its manual as one that is on.
                "enable" | "enabled" => filter.is_off = !is_yes(value),
                "watchers" => filter.watchers = list(value),
                "target" => filter.targets = pairs(value),
                // The first is from its manual and the second from its code.
                "plainreplace" | "replace" => filter.plain = pairs(value),
                "regexreplace" => filter.regex = pairs(value),
                "category" => filter.category = Some(scalar(value)).filter(|name| !name.is_empty()),
                "drop" => filter.drop = is_yes(value),
                _ => unknown.push(key),
            }
        }
        let title = filter.title();
        left_out.extend(
            unknown
                .iter()
                .map(|key| format!("{title}: its key `{key}` is not known")),
        );
        filter
    }

    /// Returns what it is called where it is spoken of.
    pub(super) fn title(&self) -> String {
        if self.name.is_empty() {
            format!("filter {}", self.number)
        } else {
            format!("filter {} ({})", self.number, self.name)
        }
    }

    /// Returns the tables that do what it does, in the order in which they have to stand; none if it is off.
    ///
    /// # Errors
    /// Why it cannot be translated. Nothing of it is then.
    pub(super) fn tables(&self) -> Result<Vec<Table>, String> {
        if self.is_off {
            return Ok(Vec::new());
        }
        if self.targets.is_empty() {
            return Err("it has no target, so it applies to nothing".to_owned());
        }
        let mut tables = Vec::new();
        if self.drop {
            tables = when(&self.conditions()?, &self.label(), |table| {
                table.set("action", "drop");
            });
        } else if let (Some(category), true) = (&self.category, self.is_category()) {
            tables.push(self.category(category)?);
        } else {
            let mut conditions = self.conditions()?;
            let actions =
                self.plain.len() + self.regex.len() + usize::from(self.category.is_some());
            if actions > 1 {
                // What one of them changes may be what the filter asks for.
                tables = when(&conditions, &self.label(), |table| {
                    table.set("target-label", self.label());
                    table.set("replacement", MARKED);
                });
                conditions = vec![Condition::is_marked(self.label())];
            }
            for pair in &self.plain {
                tables.extend(self.set(&conditions, &label(&pair.key), &pair.value));
            }
            for pair in &self.regex {
                tables.extend(self.substitute(&conditions, pair)?);
            }
            if let Some(category) = &self.category {
                tables.extend(self.set(&conditions, "category", category));
            }
        }
        match tables.first_mut() {
            Some(first) => first.explain(self.title()),
            None => return Err("it does nothing".to_owned()),
        }
        Ok(tables)
    }

    /// Returns the conditions of the filter.
    fn conditions(&self) -> Result<Vec<Condition>, String> {
        let watchers = (!self.watchers.is_empty())
            .then(|| Condition::one_of("__bucket_client", &self.watchers));
        let targets = self
            .targets
            .iter()
            .map(|target| Condition::search(label(&target.key), &target.pattern));
        watchers.map(Ok).into_iter().chain(targets).collect()
    }

    /// Returns a hidden label of its own.
    fn label(&self) -> String {
        format!("__filter_{}", self.number)
    }

    /// Sets a label that is there.
    fn set(&self, conditions: &[Condition], target: &str, value: &str) -> Vec<Table> {
        let mut conditions = conditions.to_vec();
        if conditions.iter().all(|one| one.label != target) {
            conditions.push(Condition::is_set(target));
        }
        when(&conditions, &self.label(), |table| {
            table.set("target-label", target);
            table.set("replacement", value.replace('$', "$$"));
        })
    }

    /// Replaces what a pattern finds in a value; the Go agent replaces each of several places, a rule the first.
    fn substitute(&self, conditions: &[Condition], pair: &Pair) -> Result<Vec<Table>, String> {
        let target = label(&pair.key);
        let groups = Regex::new(&pair.pattern)
            .map_err(|_| format!("`{}` is not a regex", pair.pattern))?
            .captures_len();
        let body = pair.pattern.strip_prefix('^');
        let (before, body) = body.map_or(("(.*?)", &pair.pattern[..]), |body| ("()", body));
        let end = body.strip_suffix('$').filter(|body| !body.ends_with('\\'));
        let (after, body) = end.map_or(("(.*)", body), |body| ("()", body));
        if is_anchored(body) || (body.len() < pair.pattern.len() && body.contains('|')) {
            return Err(format!(
                "`{}` means the beginning or end of a text in some of its parts only",
                pair.pattern
            ));
        }
        let joined = join(conditions, &self.label());
        let first = std::iter::once(target.clone());
        let labels: Vec<_> = first.chain(joined.labels).collect();
        let first = std::iter::once(format!("{before}({body}){after}"));
        let patterns: Vec<_> = first.chain(joined.patterns).collect();
        let mut table = Table::new("relabel");
        table.set("source-labels", labels);
        // A title may contain the usual separator, and the end of the value counts here.
        table.set("separator", SEPARATOR);
        table.set("regex", patterns.join(SEPARATOR));
        table.set("target-label", target);
        let replacement = format!("${{1}}{}${{{}}}", shifted(&pair.value), groups + 2);
        table.set("replacement", replacement);
        let mut tables = joined.before;
        tables.push(table);
        Ok(tables)
    }

    /// Whether it does nothing but give a category, by one pattern.
    fn is_category(&self) -> bool {
        self.plain.is_empty()
            && self.regex.is_empty()
            && self.targets.len() == 1
            && self.watchers.iter().all(|watcher| watcher == WINDOW)
    }

    /// Gives a category by its one pattern.
    fn category(&self, category: &str) -> Result<Table, String> {
        let target = &self.targets[0];
        Condition::search(target.key.clone(), &target.pattern)?;
        let mut table = Table::new("category");
        table.set("name", category);
        table.set("regex", target.pattern.clone());
        table.set("select-keys", vec![target.key.clone()]);
        Ok(table)
    }
}

/// Returns a rule for the events for which `conditions` hold, which `action` completes, after those that it needs; `label`
/// begins the names of its markers.
fn when(conditions: &[Condition], label: &str, action: impl FnOnce(&mut Table)) -> Vec<Table> {
    let joined = join(conditions, label);
    let mut table = Table::new("relabel");
    table.set("source-labels", joined.labels);
    table.set("regex", joined.patterns.join(";"));
    action(&mut table);
    let mut tables = joined.before;
    tables.push(table);
    tables
}

/// Returns the fields of an entry, those below its key `Filter` included, with their keys spelled plainly.
fn fields(entry: &Value) -> Vec<(String, &Value)> {
    let spelled = |fields: &'_ Map<String, Value>| {
        let keys: Vec<_> = fields.keys().map(|key| plain(key)).collect();
        keys
    };
    let Value::Object(outer) = entry else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (key, value) in spelled(outer).into_iter().zip(outer.values()) {
        match value {
            Value::Object(inner) if key == "filter" => {
                all.extend(spelled(inner).into_iter().zip(inner.values()));
            }
            _ if key == "filter" => {}
            _ => all.push((key, value)),
        }
    }
    all
}

/// Returns the entries of a list of keys with values and maybe expressions; one without a key does nothing.
fn pairs(value: &Value) -> Vec<Pair> {
    let entries = value.as_array().into_iter().flatten();
    let pairs = entries.filter_map(Value::as_object).map(|entry| {
        let field = |names: &[&str]| {
            let found = names.iter().find_map(|name| entry.get(*name));
            found.map(scalar).unwrap_or_default()
        };
        Pair {
            key: field(&["key"]).trim().to_owned(),
            // The manual says `expression`, the code reads `from`; of a target it is the value.
            pattern: field(&["expression", "from", "value"]),
            value: field(&["value"]),
        }
    });
    pairs.filter(|pair| !pair.key.is_empty()).collect()
}

/// Returns the label that stands for a key of an event's data: the one that leaves, else the hidden one.
fn label(key: &str) -> String {
    if LABELS.contains(&key) {
        key.to_owned()
    } else {
        format!("__data_{}", name(key))
    }
}

/// Writes a key as part of a label's name.
fn name(key: &str) -> String {
    let letters = key.chars();
    letters
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect()
}

/// Counts the groups that a replacement refers to on by two: what stands before is the first, and all that the pattern
/// found, its group 0, the second.
fn shifted(replacement: &str) -> String {
    let group = Regex::new(r"\$(?:\$|\{(\d+)\}|(\d+)\b|)").expect("it is a regex");
    let shifted = group.replace_all(replacement, |found: &regex::Captures<'_>| {
        let number = found.get(1).or_else(|| found.get(2));
        match number.and_then(|digits| digits.as_str().parse::<usize>().ok()) {
            Some(number) => format!("${{{}}}", number + 2),
            None => found[0].to_owned(),
        }
    });
    shifted.into_owned()
}
