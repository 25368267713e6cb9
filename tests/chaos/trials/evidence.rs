//! What is kept of a history that did not arrive as it should.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Copies the agent's home and the receiver's data and logs, with an account of what happened, to a directory of their
/// own, and returns it.
pub(super) fn keep(name: &str, agent: &Path, receiver: &Path, account: &str) -> PathBuf {
    let name: String = name
        .chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' => character,
            _ => '-',
        })
        .collect();
    let kept = env::temp_dir().join(format!("failed-{name}-{:08x}", fastrand::u32(..)));
    fs::create_dir_all(&kept)
        .and_then(|()| fs::write(kept.join("account"), account))
        .expect("the directory for temporary files is writable");
    for (from, to) in [(agent, "agent"), (receiver, "receiver")] {
        // The receiver is at work: a file may go while it is copied, and the rest is wanted all the same.
        let copied = Command::new("cp")
            .arg("-r")
            .args([from, &kept.join(to)])
            .output();
        assert!(copied.is_ok(), "cannot copy {}", from.display());
    }
    kept
}
