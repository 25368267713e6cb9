//! What holds for any device, however its time is sliced and in whatever order its events come.

use proptest::prelude::*;

use super::*;

fn tabs() -> impl Strategy<Value = Vec<Event>> {
    let tab = (0_u8..3, any::<bool>()).prop_map(|(url, audible)| {
        data(json!({"url": format!("https://site{url}"), "audible": audible}))
    });
    model::events(9, tab)
}

fn device() -> impl Strategy<Value = Device> {
    let window = prop::sample::select(vec!["firefox", "Google-chrome", "vim", "call"])
        .prop_map(|app| data(json!({"app": app, "title": "secret"})));
    let status = prop::sample::select(vec!["afk", "not-afk"])
        .prop_map(|status| data(json!({"status": status})));
    let afk = prop::option::weighted(0.9, model::events(9, status));
    (model::events(12, window), afk, tabs(), tabs()).prop_map(|(windows, afk, firefox, chrome)| {
        Device {
            windows,
            afk,
            firefox,
            chrome,
        }
    })
}

fn nanos<'a>(events: impl IntoIterator<Item = &'a (Interval, &'a Event)>) -> i64 {
    events
        .into_iter()
        .map(|(interval, _)| interval.nanos())
        .sum()
}

proptest! {
    #[test]
    fn pieces_add_up_to_the_flooded_events(device in device()) {
        let windows = flooded(&device.windows);
        device.pieces(|pieces, _| {
            let sum: i64 = pieces.iter().map(|piece| piece.interval.nanos()).sum();
            prop_assert_eq!(sum, nanos(&windows));
            prop_assert!(pieces.windows(2).all(|pair| pair[0].interval.end() <= pair[1].interval.start()));
            Ok(())
        })?;
        let firefox = focused(&web_bucket("aw-watcher-web-firefox_laptop"), &flooded(&device.firefox), &windows);
        let chrome = focused(&web_bucket("aw-watcher-web-chrome_laptop"), &flooded(&device.chrome), &windows);
        device.pieces(|_, tabs| {
            let sum: i64 = tabs.iter().map(|piece| piece.interval.nanos()).sum();
            prop_assert_eq!(sum, nanos(firefox.iter().chain(&chrome)));
            prop_assert!(nanos(firefox.iter().chain(&chrome)) <= nanos(&windows)); // never two browsers at once
            Ok(())
        })?;
    }

    #[test]
    fn slicing_changes_no_nanosecond(device in device(), chosen in prop::collection::vec(any::<bool>(), 1..20)) {
        let mut sliced = BTreeMap::new();
        for range in model::slices(device.events(), &chosen) {
            sliced.extend(device.read(range).steps(range));
        }
        let whole = device.steps(model::whole());
        // Days of steps are too long a message.
        prop_assert_eq!(sliced.iter().zip(&whole).find(|(sliced, whole)| sliced != whole), None);
        prop_assert_eq!(sliced.len(), whole.len());
    }

    #[test]
    fn any_order_gives_the_same(
        (device, windows, firefox) in device().prop_flat_map(|device| {
            let (windows, firefox) = (device.windows.clone(), device.firefox.clone());
            (Just(device), Just(windows).prop_shuffle(), Just(firefox).prop_shuffle())
        }),
    ) {
        let range = model::whole();
        let mut shuffled = Device { windows, firefox, ..device.clone() };
        if let Some(afk) = &mut shuffled.afk {
            afk.reverse();
        }
        prop_assert!(device.steps(range) == shuffled.steps(range));
    }
}
