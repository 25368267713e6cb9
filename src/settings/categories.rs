//! Categories that the settings bring along: an export file in place of the server's, and rules of their own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    error::{Fault, Problem},
    labels,
};
use crate::metrics::{CategoryRule, SkippedRule};

/// What the file of `categories-file` says.
#[derive(Clone, Debug, PartialEq)]
pub struct CategoriesFile {
    /// Path of the file, absolute if that of the settings is.
    pub path: PathBuf,
    /// Its rules, which take the place of the server's.
    pub rules: Vec<CategoryRule>,
    /// What is not a rule there.
    pub skipped: Vec<SkippedRule>,
}

/// Reads an export of ActivityWatch's web UI; a relative `path` begins at `directory`, where the settings file is.
pub(super) fn file(path: &Path, directory: &Path) -> Result<CategoriesFile, Fault> {
    let path = directory.join(path);
    let problem = match fs::read_to_string(&path) {
        Ok(text) => match CategoryRule::of_export(&text) {
            Ok((rules, skipped)) => {
                return Ok(CategoriesFile {
                    path,
                    rules,
                    skipped,
                });
            }
            Err(reason) => Problem::CategoriesFile { path, reason },
        },
        Err(reason) => Problem::CategoriesFileUnreadable { path, reason },
    };
    Err(problem.of("categories-file"))
}

/// Checks the tables `[[category]]`; a rule of ours is mended where it stands, so none is left out in silence.
pub(super) fn own(rules: Vec<CategoryRule>) -> Result<Vec<CategoryRule>, Fault> {
    for rule in &rules {
        let name = rule.joined_name();
        if rule.name.is_empty() || rule.name.iter().any(|part| part.trim().is_empty()) {
            return Err(Problem::Empty("category.name".to_owned()).of("category"));
        }
        labels::check_value("category", &name)?;
        if let Err(reason) = rule.check() {
            return Err(Problem::Category { name, reason }.of("category"));
        }
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(table: &str) -> String {
        own(vec![toml::from_str(table).unwrap()])
            .unwrap_err()
            .problem
            .to_string()
    }

    #[test]
    fn a_rule_of_ours_must_be_usable() {
        insta::assert_snapshot!(message(r"name = 'Work > C++'
            regex = 'C++++'"), @r#"
        `category`: `Work > C++`: `C++++` is not a regex: Parsing error at position 3: Target of repeat operator is invalid
        hint: put a backslash before a character that means itself, as in `C\+\+`
        "#);
        insta::assert_snapshot!(message("name = 'Work > '\nregex = 'a'"), @"
        `category.name` is empty
        hint: give it a value, or remove it
        ");
        insta::assert_snapshot!(message("name = []\nregex = 'a'"), @"
        `category.name` is empty
        hint: give it a value, or remove it
        ");
        insta::assert_snapshot!(message("name = 'Work'"), @"
        `category`: `Work`: it has no regex
        hint: give it one, as in `regex = 'vim|emacs'`
        ");
    }

    #[test]
    fn the_file_is_looked_for_beside_the_settings() {
        let directory = tempfile::tempdir().unwrap();
        let path = Path::new("categories.json");
        let message = || {
            let problem = file(path, directory.path()).unwrap_err().problem;
            let directory = directory.path().display().to_string();
            problem.to_string().replace(&directory, "DIR")
        };
        insta::assert_snapshot!(message(), @"
        `categories-file`: DIR/categories.json: cannot be read: No such file or directory (os error 2)
        hint: a path without a root begins at the directory of the settings file
        ");
        fs::write(directory.path().join(path), "{}").unwrap();
        insta::assert_snapshot!(message(), @"
        `categories-file`: DIR/categories.json: JSON without a list of `categories`
        hint: it wants the file of Settings, Categorization, Export, and not that of a bucket
        ");
        fs::write(directory.path().join(path), r#"{"categories": []}"#).unwrap();
        assert_eq!(file(path, directory.path()).unwrap().rules, []);
    }
}
