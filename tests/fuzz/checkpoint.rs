//! The checkpoint: any bytes are said to be damaged, or make a state that can be shown and is kept as it was read.

#![no_main]

mod memory;

use std::fs;
use std::sync::LazyLock;

use aw_sync_agent::checkpoint::{Store, StoreError};
use aw_sync_agent::command::status;
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static DIRECTORY: LazyLock<TempDir> = LazyLock::new(memory::directory);

fn store() -> Store {
    Store::new(DIRECTORY.path(), false)
}

fuzz_target!(|bytes: &[u8]| {
    let path = DIRECTORY.path().join("checkpoint.json");
    fs::write(path, bytes).expect("the directory is writable");
    let checkpoint = match store().load() {
        Ok(checkpoint) => checkpoint,
        Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => return,
        Err(error) => panic!("{error}"),
    };

    let status = status::read(&store()).expect("it was read just now");
    let now = DateTime::from_timestamp(1_772_000_000, 0).expect("it is in 2026");
    let mut printed = Vec::new();
    status::print(&status, &now, &mut printed).expect("memory takes it");
    status::print_json(&status, &mut printed).expect("memory takes it");

    let open = store().open().expect("it was read just now");
    for (url, endpoint) in &checkpoint.endpoints {
        let part = open.of(url);
        assert_eq!(part.load().as_ref(), Some(endpoint));
        part.save(endpoint).expect("the directory is writable");
    }
    let kept = store().load().expect("it was written just now");
    assert_eq!(kept, checkpoint);
});
