//! Reads an answer item by item, so that one that does not decode costs only itself.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// What could be decoded, and how many items could not.
#[derive(Debug)]
pub(super) struct Decoded<T> {
    pub(super) items: Vec<T>,
    pub(super) undecodable: usize,
}

/// Decodes the items of a JSON array. Items are kept apart before any of them is looked at: an unpaired surrogate in a
/// title, a duration of `null` or a time without zone fails its own item alone. Bytes that are not UTF-8 are replaced.
///
/// # Errors
/// If `body` is no JSON array.
pub(super) fn array<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<Decoded<T>> {
    let text = String::from_utf8_lossy(body);
    let mut items = Vec::new();
    let undecodable = for_each(&text, |item| items.push(item))?;
    Ok(Decoded { items, undecodable })
}

/// Hands each item of a JSON array to `take` as soon as it is decoded, as [`array()`] decodes it, and returns how many
/// could not be.
///
/// # Errors
/// If `text` is no JSON array.
pub(super) fn for_each<T: DeserializeOwned>(
    text: &str,
    take: impl FnMut(T),
) -> serde_json::Result<usize> {
    Ok(each(serde_json::from_str::<Vec<&RawValue>>(text)?, take))
}

/// Decodes the values of a JSON object, as [`array()`] does the items of an array.
///
/// # Errors
/// If `body` is no JSON object.
pub(super) fn object<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<Decoded<T>> {
    let text = String::from_utf8_lossy(body);
    let raw = serde_json::from_str::<HashMap<String, &RawValue>>(&text)?;
    let mut items = Vec::new();
    let undecodable = each(raw.into_values(), |item| items.push(item));
    Ok(Decoded { items, undecodable })
}

fn each<'a, T: DeserializeOwned>(
    raw: impl IntoIterator<Item = &'a RawValue>,
    mut take: impl FnMut(T),
) -> usize {
    let mut undecodable = 0;
    for item in raw {
        match serde_json::from_str(item.get()) {
            Ok(item) => take(item),
            Err(_) => undecodable += 1,
        }
    }
    undecodable
}

#[cfg(test)]
mod tests {
    use aw_client_rust::Event;

    use super::*;

    #[test]
    fn a_bad_item_costs_only_itself() {
        let body = [
            br#"[{"id":1,"timestamp":"2026-01-01T00:00:00Z","duration":1,"data":{"title":"\ud83d"}},"#.as_slice(),
            br#"{"id":2,"timestamp":"2026-01-01T00:00:00Z","duration":null,"data":{}},"#,
            br#"{"id":3,"timestamp":"2026-01-01T00:00:00","duration":1,"data":{}},"#,
            br#"{"id":4,"timestamp":"2026-01-01T00:00:00Z","duration":1,"data":{"nested":{"a":[1,null]}}},"#,
            b"{\"id\":5,\"timestamp\":\"2026-01-01T00:00:00Z\",\"duration\":1,\"data\":{\"title\":\"\xff\"}},",
            b"7]",
        ]
        .concat();
        let decoded = array::<Event>(&body).unwrap();
        assert_eq!(
            decoded
                .items
                .iter()
                .map(|event| event.id)
                .collect::<Vec<_>>(),
            [Some(4), Some(5)]
        );
        assert_eq!(decoded.undecodable, 4);
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        assert!(array::<Event>(b"<html>").is_err());
        assert!(object::<Event>(b"[]").is_err());
    }
}
