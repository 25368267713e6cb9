//! `make bench-core`: the stages between the two servers, on one day of one device.

#[allow(dead_code, reason = "shared with the count of instructions")]
mod day;
#[path = "../it/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests need more of it")]
mod harness;

use std::hint::black_box;

use aw_sync_agent::activitywatch::Event;
use aw_sync_agent::timeline::{flood, split};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

use day::Day;

fn stages(criterion: &mut Criterion) {
    let day = Day::new();
    let titles = Day::with_titles();
    let read = Day::converted(day.decoded());
    let series = day.series(&read);

    criterion.bench_function("decode, as the official client does", |bencher| {
        bencher.iter(|| day.decoded());
    });
    criterion.bench_function("all after decoding", |bencher| {
        bencher.iter_batched(
            || day.decoded(),
            |decoded| Day::requests(&day.series(&Day::converted(decoded))),
            BatchSize::LargeInput,
        );
    });
    criterion.bench_function("take over events", |bencher| {
        bencher.iter_batched(|| day.decoded(), Day::converted, BatchSize::LargeInput);
    });
    criterion.bench_function("flood and split", |bencher| {
        bencher.iter(|| read.iter().map(|(_, events)| nanos(events)).sum::<i64>());
    });
    criterion.bench_function("categorize by 50 rules", |bencher| {
        let events = &read[0].1;
        bencher.iter(|| {
            let named = events
                .iter()
                .map(|event| day.categories.categorize(&event.data));
            named.map(str::len).sum::<usize>()
        });
    });
    criterion.bench_function("series", |bencher| bencher.iter(|| day.series(&read)));
    criterion.bench_function("series with titles by relabelling", |bencher| {
        bencher.iter(|| titles.series(&read));
    });
    criterion.bench_function("encode and compress", |bencher| {
        bencher.iter(|| Day::requests(black_box(&series)));
    });
}

fn nanos(events: &[Event]) -> i64 {
    let events = events.iter().map(|event| (event.interval, &event.data));
    let flooded = flood(events, |one, other| one == other);
    let parts = flooded
        .into_iter()
        .flat_map(|(interval, _)| split(interval));
    parts.map(|(_, nanos)| nanos).sum()
}

criterion_group!(benches, stages);
criterion_main!(benches);
