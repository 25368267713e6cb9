use super::*;
use crate::checkpoint::{BucketProgress, Cause, Device, Entry, Fate, Part, Refused, Retried};
use crate::timeline::Time;

fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path(), false);
    (directory, store)
}

fn device(host: &str) -> Device {
    Device {
        user: "ada".to_owned(),
        host: host.to_owned(),
        server: "http://127.0.0.1:5600".to_owned(),
        watermark: Time::from_millis(60_000),
        newest: None,
        label_sets: None,
        focus: None,
        buckets: [
            (
                "a".to_owned(),
                BucketProgress {
                    kind: "t".to_owned(),
                    done_until: None,
                    begun: None,
                },
            ),
            (
                "b".to_owned(),
                BucketProgress {
                    kind: "t".to_owned(),
                    done_until: Some(Time::EPOCH),
                    begun: None,
                },
            ),
        ]
        .into(),
    }
}

#[test]
fn what_is_saved_comes_back() {
    let (_directory, store) = store();
    assert_eq!(store.load().unwrap(), Checkpoint::default());
    let endpoint = Endpoint {
        devices: vec![device("laptop")],
        ..Endpoint::default()
    };
    let checkpoint = Checkpoint {
        endpoints: [("http://localhost/".to_owned(), endpoint)].into(),
    };
    store.save(&checkpoint).unwrap();
    assert_eq!(store.load().unwrap(), checkpoint);
    insta::assert_snapshot!(fs::read_to_string(store.checkpoint_path()).unwrap(), @r#"
    {
      "version": 1,
      "endpoints": {
        "http://localhost/": {
          "devices": [
            {
              "user": "ada",
              "host": "laptop",
              "server": "http://127.0.0.1:5600",
              "watermark": "1970-01-01T00:01:00Z",
              "buckets": {
                "a": {
                  "type": "t"
                },
                "b": {
                  "type": "t",
                  "done_until": "1970-01-01T00:00:00Z"
                }
              }
            }
          ],
          "samples_sent": 0,
          "samples_refused": 0,
          "looked": {
            "changed_steps": 0
          }
        }
      }
    }
    "#);
}

#[test]
fn a_damaged_checkpoint_is_kept_and_reported() {
    let (directory, store) = store();
    for number in 1..=2 {
        fs::write(store.checkpoint_path(), "{\"version\": 1, \"endp").unwrap();
        assert!(matches!(store.load(), Err(StoreError::Damaged { .. })));
        let error = store.load().unwrap_err().set_aside();
        assert!(matches!(error, StoreError::SetAside { .. }), "{error}");
        let kept = directory
            .path()
            .join(format!("checkpoint.json.damaged-{number}"));
        assert_eq!(fs::read_to_string(kept).unwrap(), "{\"version\": 1, \"endp");
    }
    assert_eq!(store.load().unwrap(), Checkpoint::default());
}

#[test]
fn a_checkpoint_of_a_later_version_stays() {
    let (_directory, store) = store();
    fs::write(
        store.checkpoint_path(),
        r#"{"version": 2, "something": "else"}"#,
    )
    .unwrap();
    assert!(matches!(
        store.load(),
        Err(StoreError::Newer { version: 2, .. })
    ));
    assert!(matches!(
        store.load(),
        Err(StoreError::Newer { version: 2, .. })
    ));
}

fn done(body: &[u8], fate: Fate) -> Entry {
    Entry {
        body: body.to_vec(),
        fate,
    }
}

fn part(body: &[u8]) -> Part {
    Part {
        body: body.to_vec(),
        samples: 3,
        oldest_ms: 30_000,
        newest_ms: 90_000,
        resent: 1,
    }
}

#[test]
fn the_request_under_way_comes_back_byte_for_byte() {
    let (_directory, store) = store();
    let url = "http://localhost/";
    assert_eq!(store.sending(url).unwrap(), None);
    let sending = Sending {
        number: 7,
        endpoint: url.to_owned(),
        from: Time::EPOCH,
        until: Time::from_millis(120_000),
        devices: vec![device("laptop")],
        delivered: 7,
        refused: vec![Refused {
            user: "ada".to_owned(),
            host: "laptop".to_owned(),
            from: Time::EPOCH,
            until: Time::from_millis(60_000),
            samples: 1,
            cause: Cause::Fault,
            reason: "label".to_owned(),
        }],
        done: vec![done(&[b'\n', 7], Fate::Delivered), done(&[], Fate::Refused)],
        retried: vec![Retried {
            user: "ada".to_owned(),
            host: "laptop".to_owned(),
            from: Time::EPOCH,
            until: Time::from_millis(60_000),
            kept: Some((Time::EPOCH, Time::from_millis(60_000))),
            missing: 3,
            causes: vec![Cause::TooOld, Cause::Unclear],
        }],
        parts: vec![part(&[0, b'\n', 255, b'\n']), part(&[]), part(b"\n")],
    };
    assert_eq!(sending.samples(), 9);
    store.keep(&sending).unwrap();
    assert_eq!(store.sending(url).unwrap(), Some(sending));
    store.forget(url).unwrap();
    store.forget(url).unwrap();
    assert_eq!(store.sending(url).unwrap(), None);
}

fn to(endpoint: &str, body: &[u8]) -> Sending {
    Sending {
        number: 0,
        endpoint: endpoint.to_owned(),
        from: Time::EPOCH,
        until: Time::from_millis(120_000),
        devices: vec![],
        delivered: 0,
        refused: vec![],
        done: vec![done(&[9], Fate::Delivered)],
        retried: vec![],
        parts: vec![part(body)],
    }
}

#[test]
fn each_destination_has_a_request_under_way_of_its_own() {
    let (_directory, store) = store();
    let (a, b) = (to("http://a/", b"a"), to("http://b/", b"b"));
    store.keep(&a).unwrap();
    store.keep(&b).unwrap();
    store.forget("http://a/").unwrap();
    assert_eq!(store.sending("http://a/").unwrap(), None);
    assert_eq!(store.sending("http://b/").unwrap(), Some(b));
}

#[test]
fn the_file_of_the_one_destination_there_was_is_still_read_and_removed() {
    let (directory, store) = store();
    let old = directory.path().join("sending");
    let (a, newer) = (to("http://a/", b"a"), to("http://a/", b"newer"));
    fs::write(&old, a.to_bytes()).unwrap();
    assert_eq!(store.sending("http://b/").unwrap(), None);
    store.forget("http://b/").unwrap();
    assert_eq!(store.sending("http://a/").unwrap(), Some(a));
    // A kill while it goes on with what it has found there.
    store.keep(&newer).unwrap();
    assert_eq!(store.sending("http://a/").unwrap(), Some(newer));
    store.forget("http://a/").unwrap();
    assert_eq!(store.sending("http://a/").unwrap(), None);
    assert!(!old.exists());
}

#[test]
fn the_name_of_a_file_is_for_ever() {
    let (directory, store) = store();
    store
        .keep(&to("http://127.0.0.1:9090/api/v1/write", b""))
        .unwrap();
    let mut names = fs::read_dir(directory.path()).unwrap();
    let name = names.next().unwrap().unwrap().file_name();
    insta::assert_snapshot!(name.display(), @"sending-7c4fcdf546395765");
}

#[test]
fn a_request_that_is_not_as_it_was_written_is_not_sent() {
    let (_directory, store) = store();
    let sending = Sending {
        parts: vec![part(&[1, 2, 3]), part(&[4, 5])],
        ..to("http://a/", b"")
    };
    let bytes = sending.to_bytes();
    let path = store.sending_path("http://a/");
    let read = |damaged: &[u8]| {
        fs::write(&path, damaged).unwrap();
        store.sending("http://a/")
    };
    assert_eq!(read(&bytes).unwrap(), Some(sending.clone()));
    let longer = [&bytes[..], b"x"].concat();
    assert!(read(&longer).is_err());
    for place in 0..bytes.len() {
        assert!(read(&bytes[..place]).is_err(), "cut at {place}");
        let mut flipped = bytes.clone();
        flipped[place] ^= 1;
        assert!(read(&flipped).is_err(), "flipped at {place}");
    }
    let mut flipped = bytes;
    *flipped.last_mut().unwrap() ^= 1;
    let Err(StoreError::DamagedRequest { stretch, .. }) = read(&flipped) else {
        panic!("a body is damaged, and what is before it is not");
    };
    assert_eq!(stretch, Some((sending.from, sending.until)));
    let error = store.sending("http://a/").unwrap_err().set_aside();
    assert!(
        matches!(error, StoreError::RequestSetAside { .. }),
        "{error}"
    );
    assert_eq!(
        fs::read(format!("{}.damaged-1", path.display())).unwrap(),
        flipped
    );
    assert_eq!(store.sending("http://a/").unwrap(), None);
}

#[test]
fn a_request_of_the_version_before_is_read_and_one_of_a_later_stays() {
    let (_directory, store) = store();
    let path = store.sending_path("http://a/");
    let before = br#"{"version":2,"endpoint":"http://a/","from":"1970-01-01T00:00:00Z","until":"1970-01-01T00:02:00Z","devices":[],"delivered":0,"done_bytes":[1],"parts":[{"bytes":2,"samples":3,"oldest_ms":30000,"newest_ms":90000,"resent":1}]}"#;
    fs::write(&path, [&before[..], b"\n\x09ab"].concat()).unwrap();
    assert_eq!(
        store.sending("http://a/").unwrap(),
        Some(to("http://a/", b"ab"))
    );
    for damaged in [&b"\n\x09a"[..], b"\n\x09abc"] {
        fs::write(&path, [&before[..], damaged].concat()).unwrap();
        let read = store.sending("http://a/");
        assert!(matches!(
            read,
            Err(StoreError::DamagedRequest {
                stretch: Some(_),
                ..
            })
        ));
    }
    let later = b"{\"version\":4,\"what\":1}\n";
    fs::write(&path, later).unwrap();
    let error = store.sending("http://a/").unwrap_err().set_aside();
    assert!(
        matches!(
            error,
            StoreError::Newer {
                version: 4,
                reads: 3,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), later);
}

#[cfg(unix)]
#[test]
fn state_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_directory, store) = store();
    store.save(&Checkpoint::default()).unwrap();
    assert_eq!(
        fs::metadata(store.checkpoint_path())
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
}

#[test]
fn a_testing_server_has_a_state_of_its_own() {
    let (directory, store) = store();
    let testing = Store::new(directory.path(), true);
    testing
        .save(&Checkpoint {
            endpoints: [("x".to_owned(), Endpoint::default())].into(),
        })
        .unwrap();
    assert_eq!(store.load().unwrap(), Checkpoint::default());
}
