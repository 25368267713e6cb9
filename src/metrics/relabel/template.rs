use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::is_label_name;

/// `$$`, `${name}` or `$name`, where a name is as long as it can be; any other `$` stands for itself.
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))").expect("a constant that parses")
});

/// Text with references to the groups of a regex, as Go's `Regexp.Expand` understands it.
///
/// It differs from what the crate `regex` expands: `$01` and `$1é` are names, and no number is too large to be one of
/// a group that does not exist.
#[derive(Clone, Debug)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    /// A group by number; one that the regex lacks expands to nothing.
    Group(Option<usize>),
}

impl Template {
    /// Parses `template`, whose references are to the groups of `regex`.
    pub(super) fn new(template: &str, regex: &Regex) -> Self {
        let mut parts = Vec::new();
        let mut end = 0;
        for reference in REFERENCE.captures_iter(template) {
            let whole = reference.get_match();
            parts.push(Part::Text(template[end..whole.start()].to_owned()));
            parts.push(match reference.get(1).or(reference.get(2)) {
                Some(name) => Part::Group(group(name.as_str(), regex)),
                None => Part::Text("$".to_owned()),
            });
            end = whole.end();
        }
        parts.push(Part::Text(template[end..].to_owned()));
        Self(parts)
    }

    /// Returns the text with what `captures` matched.
    pub(super) fn expand(&self, captures: &Captures<'_>) -> String {
        let text = self.0.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Group(group) => group
                .and_then(|group| captures.get(group))
                .map_or("", |matched| matched.as_str()),
        });
        text.collect()
    }

    /// Whether a label's name can come out, given that groups match what may stand in a name.
    pub(super) fn can_be_label_name(&self) -> bool {
        let text = self.0.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Group(_) => "_",
        });
        is_label_name(&text.collect::<String>())
    }
}

/// Returns the group called `name`; a number with zeros in front is not a number.
fn group(name: &str, regex: &Regex) -> Option<usize> {
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && (name == "0" || !name.starts_with('0')) {
        name.parse().ok()
    } else {
        regex.capture_names().position(|group| group == Some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_templates_that_can_become_a_name_are_taken_for_one() {
        let regex = Regex::new("(.*)").unwrap();
        let can_be = |template| Template::new(template, &regex).can_be_label_name();
        for template in ["a", "_", "A9", "$1", "${1}", "a$1", "${1}9", "$1$name"] {
            assert!(can_be(template), "{template}");
        }
        for template in [
            "", "9", "a-b", "é", "9$1", "$", "a$", "$$1", "${1", "$1-", "${a-b}", "a b",
        ] {
            assert!(!can_be(template), "{template}");
        }
    }
}
