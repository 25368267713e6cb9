//! The request under way: any bytes are said to be damaged, or make one that is kept as it was read.

#![no_main]

mod memory;

use std::fs;
use std::sync::LazyLock;

use aw_sync_agent::checkpoint::{Sending, Store, StoreError};
use aw_sync_agent::remote_write::Parcel;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tempfile::TempDir;

static DIRECTORY: LazyLock<TempDir> = LazyLock::new(memory::directory);

fuzz_target!(|bytes: &[u8]| {
    let store = Store::new(DIRECTORY.path(), false);
    // The name that it has whatever its address, which is in the first line.
    let path = DIRECTORY.path().join("sending");
    fs::write(&path, bytes).expect("the directory is writable");
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or(bytes);
    let header: Value = serde_json::from_slice(line).unwrap_or_default();
    let url = header["endpoint"].as_str().unwrap_or_default();
    let sending = match store.sending(url) {
        Ok(Some(sending)) => sending,
        Ok(None)
        | Err(
            StoreError::Damaged { .. }
            | StoreError::DamagedRequest { .. }
            | StoreError::Newer { .. },
        ) => return,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(sending.endpoint, url);
    fs::remove_file(&path).expect("it is there");

    let part = store.open().expect("there is no checkpoint").of(url);
    part.keep(&sending).expect("the directory is writable");
    let kept = part.sending().expect("it was written just now");
    assert_eq!(kept.as_ref(), Some(&sending));
    part.forget().expect("the directory is writable");
    assert_eq!(part.sending().ok(), Some(None));

    let Sending { done, parts, .. } = &sending;
    let done = done.iter().map(|entry| &entry.body);
    for body in done.chain(parts.iter().map(|part| &part.body)) {
        drop(Parcel::of_body(body));
    }
});
