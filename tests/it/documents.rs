//! What the documents say can be typed, pasted and read.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::Agent;

/// Path and text of each document.
fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = fs::read_dir(root.join("packaging/doc")).unwrap();
    let found = folder.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = found
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .chain([root.join("README.md")])
        .collect();
    paths.sort();
    assert!(paths.len() > 5, "{paths:?}");
    let text = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    };
    paths.into_iter().map(text).collect()
}

/// The blocks of one language, those in lists too.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if line.trim() == format!("```{language}") {
            let block = lines.by_ref().take_while(|line| line.trim() != "```");
            blocks.push(
                block
                    .map(|line| line.get(indent..).unwrap_or_default())
                    .collect::<Vec<_>>()
                    .join("\n"),
            );
        }
    }
    blocks
}

#[test]
fn settings_can_be_pasted() {
    let mut count = 0;
    for (path, text) in documents() {
        for block in blocks(&text, "toml") {
            let agent = Agent::new();
            agent.write_settings(&block);
            let run = agent.run(&["config", "show"]);
            assert_eq!(
                run.code,
                Some(0),
                "{}: {block}\n{}",
                path.display(),
                run.stderr
            );
            count += 1;
        }
    }
    assert!(count > 5, "only {count} settings");
}

#[test]
fn commands_can_be_typed() {
    let mut count = 0;
    for (path, text) in documents() {
        for line in blocks(&text, "sh").iter().flat_map(|block| block.lines()) {
            let command = line.split("  #").next().unwrap_or_default();
            let words = command.split_whitespace();
            let mut words = words.skip_while(|word| !word.ends_with("aw-sync-agent"));
            if words.next().is_none() {
                continue;
            }
            // The help of a command that takes these flags: nothing is done.
            let mut arguments: Vec<_> = words.collect();
            arguments.push("--help");
            let run = Agent::new().run(&arguments);
            assert_eq!(
                run.code,
                Some(0),
                "{}: {line}\n{}",
                path.display(),
                run.stderr
            );
            count += 1;
        }
    }
    assert!(count > 8, "only {count} commands");
}

#[test]
fn messages_to_look_for_are_the_programs_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("packaging/doc/troubleshooting.md")).unwrap();
    let mut sources = Vec::new();
    collect(&root.join("src"), &mut sources);
    let mut count = 0;
    for heading in text.lines().filter_map(|line| line.strip_prefix("### ")) {
        let message = heading.split('`').nth(1).expect("a message in backticks");
        let parts: Vec<_> = message.split('…').map(str::trim).collect();
        assert!(
            sources
                .iter()
                .any(|source| parts.iter().all(|part| source.contains(part))),
            "nothing says {message:?}"
        );
        count += 1;
    }
    assert!(count > 10, "only {count} messages");
}

#[test]
fn links_lead_somewhere() {
    for (path, text) in documents() {
        for link in text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let target = path.parent().unwrap().join(target);
            assert!(target.exists(), "{}: {}", path.display(), target.display());
        }
    }
}

/// The texts of all sources.
fn collect(directory: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, texts);
        } else {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
}
