//! `aw_media_seconds{player}`: how long music or a film played, from buckets of type `currently-playing`, and
//! `media.playback` on Android.

use super::{EventLabels, UNKNOWN};
use crate::activitywatch::{Bucket, Event};

/// What was played stays in the data. The watcher of several players names the one in each event, Android's the app;
/// that of a single player is named after it, as `aw-watcher-spotify` is.
pub(super) fn labels(bucket: &Bucket, event: &Event) -> EventLabels {
    let of_client = || {
        let client = bucket
            .client
            .strip_prefix("aw-watcher-")
            .unwrap_or(&bucket.client);
        (!client.is_empty()).then_some(client)
    };
    let player = event
        .text("player")
        .or_else(|| event.text("app"))
        .or_else(of_client)
        .unwrap_or(UNKNOWN);
    vec![
        ("__name__", "aw_media_seconds".to_owned()),
        ("player", player.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::timeline::{Interval, Time};

    #[test]
    fn the_player_comes_from_the_event_or_the_watcher() {
        let cases = [
            ("aw-watcher-media-player", json!({"player": "vlc"}), "vlc"),
            ("aw-android", json!({"app": "VLC", "package": "p"}), "VLC"),
            ("aw-watcher-spotify", json!({"title": "secret"}), "spotify"),
            ("aw-watcher-spotify", json!({"player": 7}), "spotify"),
            ("", json!({}), "unknown"),
        ];
        for (client, data, expected) in cases {
            let bucket = Bucket {
                id: "b".to_owned(),
                kind: "currently-playing".to_owned(),
                client: client.to_owned(),
                hostname: String::new(),
                synced: false,
            };
            let Value::Object(data) = data else {
                unreachable!("an object literal")
            };
            let event = Event {
                id: None,
                interval: Interval::new(Time::EPOCH, Time::EPOCH),
                data: data.into(),
            };
            assert_eq!(
                labels(&bucket, &event)[1],
                ("player", expected.to_owned()),
                "{client}"
            );
        }
    }
}
