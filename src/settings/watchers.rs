//! Which watchers are taken and which are left out.

use globset::{Glob, GlobSet};

use super::error::{Fault, Problem};

/// Patterns of watchers, case-sensitive; `*` stands for any text.
#[derive(Clone, Debug, Default)]
pub struct Watchers {
    patterns: Vec<String>,
    set: GlobSet,
}

impl Watchers {
    /// Compiles patterns such as `aw-watcher-web-*`.
    pub(super) fn new(key: &'static str, patterns: Vec<String>) -> Result<Self, Fault> {
        let fault = |pattern: &str, reason: &globset::Error| {
            let (pattern, reason) = (pattern.to_owned(), reason.kind().to_string());
            Problem::Pattern {
                key,
                pattern,
                reason,
            }
            .of(key)
        };
        let mut globs = GlobSet::builder();
        for pattern in &patterns {
            globs.add(Glob::new(pattern).map_err(|reason| fault(pattern, &reason))?);
        }
        let set = globs
            .build()
            .map_err(|reason| fault(&patterns.join("|"), &reason))?;
        Ok(Self { patterns, set })
    }

    /// Whether a pattern matches `name`, a bucket's id or client, as a whole.
    pub fn is_match(&self, name: &str) -> bool {
        self.set.is_match(name)
    }

    /// Returns the patterns as written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

impl PartialEq for Watchers {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watchers(pattern: &str) -> Result<Watchers, Fault> {
        Watchers::new("excluded-watchers", vec![pattern.to_owned()])
    }

    #[test]
    fn a_pattern_matches_the_whole_name() {
        for (pattern, name, matches) in [
            ("aw-watcher-vim", "aw-watcher-vim", true),
            ("aw-watcher-vim", "aw-watcher-vim_laptop", false),
            ("aw-watcher-vim*", "aw-watcher-vim_laptop", true),
            ("aw-watcher-vim", "aw-watcher-VIM", false),
            ("*", "odd/name", true),
        ] {
            assert_eq!(
                watchers(pattern).unwrap().is_match(name),
                matches,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn what_is_not_a_pattern_is_named() {
        insta::assert_snapshot!(watchers("aw-[web").unwrap_err().problem, @"
        `excluded-watchers`: `aw-[web` is not a pattern: unclosed character class; missing ']'
        hint: `*` stands for any text, `?` for one character, `[ab]` for a or b, as in `aw-watcher-web-*`
        ");
    }
}
