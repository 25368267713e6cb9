//! `aw_editor_seconds{editor,project,language}`: what was edited, from buckets of type `app.editor.activity`.

use super::{EventLabels, UNKNOWN};
use crate::activitywatch::{Bucket, Event};

/// File and branch stay in the data. A project given as a path is named by its last component.
pub(super) fn labels(bucket: &Bucket, event: &Event) -> EventLabels {
    let editor = bucket
        .client
        .strip_prefix("aw-watcher-")
        .unwrap_or(&bucket.client);
    vec![
        ("__name__", "aw_editor_seconds".to_owned()),
        (
            "editor",
            if editor.is_empty() { UNKNOWN } else { editor }.to_owned(),
        ),
        (
            "project",
            project(event.text("project").unwrap_or(UNKNOWN)).to_owned(),
        ),
        (
            "language",
            event.text("language").unwrap_or(UNKNOWN).to_owned(),
        ),
    ]
}

/// Returns the last component of a path of any system; what is no path comes back as it is.
fn project(path: &str) -> &str {
    path.rsplit(['/', '\\'])
        .find(|component| !component.is_empty())
        .unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_named_by_its_last_component() {
        let cases = [
            ("/home/ada/engine", "engine"),
            ("/home/ada/engine/", "engine"),
            (r"C:\Users\ada\engine", "engine"),
            ("engine", "engine"),
            ("unknown", "unknown"),
            ("/", "unknown"),
        ];
        for (path, expected) in cases {
            assert_eq!(project(path), expected, "{path}");
        }
    }
}
