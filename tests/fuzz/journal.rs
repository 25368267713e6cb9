//! A day of the journal: any bytes make entries, what breaks off hides none, and a body is none or one to send again.

#![no_main]

mod memory;

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use aw_sync_agent::checkpoint::{Days, Entry, Fate, Journal, Store};
use aw_sync_agent::remote_write::Parcel;
use aw_sync_agent::timeline::Time;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

struct Day {
    directory: TempDir,
    file: PathBuf,
}

impl Day {
    fn journal(&self) -> Journal {
        let store = Store::new(self.directory.path(), false);
        let open = store.open().expect("there is no checkpoint");
        open.of("http://127.0.0.1:9090/api/v1/write").journal()
    }
}

static DAY: LazyLock<Day> = LazyLock::new(|| {
    let mut day = Day {
        directory: memory::directory(),
        file: PathBuf::new(),
    };
    day.journal()
        .add(Time::EPOCH, &mut Days::default(), &[entry(b"body")])
        .expect("the directory is writable");
    // sent/<endpoint>/<day>
    day.file = day.directory.path().join("sent");
    while day.file.is_dir() {
        let mut entries = fs::read_dir(&day.file).expect("it is a directory");
        let entry = entries.next().expect("it holds the day");
        day.file = entry.expect("it can be read").path();
    }
    day
});

fuzz_target!(|bytes: &[u8]| {
    fs::write(&DAY.file, bytes).expect("the directory is writable");
    let journal = DAY.journal();
    let mut days = Days::default();
    let before = journal.of_day(Time::EPOCH, &days).expect("it is there");
    for entry in before.iter().flatten() {
        if let Ok(parcel) = Parcel::of_body(&entry.body) {
            check(parcel);
        }
    }
    let further = entry(b"further");
    journal
        .add(Time::EPOCH, &mut days, std::slice::from_ref(&further))
        .expect("the directory is writable");
    let after = journal.of_day(Time::EPOCH, &days).expect("it is there");
    if let Some(mut entries) = before {
        entries.push(further);
        assert_eq!(after, Some(entries));
    }
});

fn entry(body: &[u8]) -> Entry {
    Entry {
        body: body.to_vec(),
        fate: Fate::Delivered,
    }
}

/// A parcel is what its request holds, and its halves are all of it.
fn check(parcel: Parcel) {
    let batch = parcel.batch();
    let again = Parcel::of_body(&batch.body).expect("it is a request");
    // Compared as bytes, since NaN is not itself.
    assert_eq!(again.batch(), batch);
    let (by_time, by_series) = (parcel.clone().halves_by_time(), parcel.halves_by_series());
    for [one, other] in [by_time, by_series].into_iter().flatten() {
        assert_eq!(one.samples() + other.samples(), batch.samples);
    }
}
