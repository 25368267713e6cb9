//! The meta labels, which only rules see: what ActivityWatch has of an event and its bucket.

use serde_json::{Map, Value};

use super::Label;
use crate::activitywatch::Bucket;

/// Returns `__bucket_id`, `__bucket_type`, `__bucket_client`, and `__data_<key>` for each key of an event's data.
///
/// Characters of a key that no label name may have become `_`. Texts come as they are, anything else as JSON; `null` and
/// empty texts are no label.
pub(super) fn labels(bucket: &Bucket, data: &Map<String, Value>) -> impl Iterator<Item = Label> {
    let of_bucket = [
        ("__bucket_id".into(), bucket.id.clone()),
        ("__bucket_type".into(), bucket.kind.clone()),
        ("__bucket_client".into(), bucket.client.clone()),
    ];
    let of_event = data.iter().map(|(key, value)| {
        let value = match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (format!("__data_{}", name(key)).into(), value)
    });
    of_bucket.into_iter().chain(of_event)
}

fn name(key: &str) -> String {
    key.chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '_'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_of_an_event_can_be_named() {
        let Value::Object(data) =
            json!({"title": "t", "$url.x": "u", "n": 1.5, "deep": {"a": [null]}, "none": null})
        else {
            unreachable!("an object literal")
        };
        let bucket = Bucket {
            id: "i".to_owned(),
            kind: "k".to_owned(),
            client: "c".to_owned(),
            hostname: String::new(),
            synced: false,
        };
        let mut labels: Vec<_> = labels(&bucket, &data)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        labels.sort();
        let expected = [
            "__bucket_client=c",
            "__bucket_id=i",
            "__bucket_type=k",
            "__data__url_x=u",
            "__data_deep={\"a\":[null]}",
            "__data_n=1.5",
            "__data_none=",
            "__data_title=t",
        ];
        assert_eq!(labels, expected);
    }
}
