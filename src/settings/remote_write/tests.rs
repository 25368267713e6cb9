use super::*;

fn with_url(url: &str) -> Result<RemoteWrite, String> {
    resolved(&format!("url = '{url}'"))
}

fn resolved(table: &str) -> Result<RemoteWrite, String> {
    resolve_all(
        vec![toml::from_str(table).unwrap()],
        None,
        Path::new("/dir"),
    )
    .map(|mut all| all.remove(0))
    .map_err(|fault| format!("{} | {}", fault.key, fault.problem))
}

#[test]
fn a_url_without_a_path_gets_the_write_path() {
    for (given, expected) in [
        ("http://host:9090", "http://host:9090/api/v1/write"),
        ("http://host:9090/", "http://host:9090/api/v1/write"),
        (
            "https://host?tenant=a",
            "https://host/api/v1/write?tenant=a",
        ),
        ("http://host/api/v1/push", "http://host/api/v1/push"),
        ("http://host/prefix/", "http://host/prefix/"),
    ] {
        assert_eq!(with_url(given).unwrap().url.as_str(), expected);
    }
}

#[test]
fn the_query_api_is_where_the_path_says() {
    let queried = |table: &str| resolved(table).unwrap().query_url.map(String::from);
    for (written_to, asked) in [
        ("http://host:9090", Some("http://host:9090/api/v1")),
        (
            "https://ada:b@host/p/api/v1/write",
            Some("https://host/p/api/v1"),
        ),
        (
            "http://host/api/v1/write?t=a",
            Some("http://host/api/v1?t=a"),
        ),
        (
            "http://host/api/v1/push",
            Some("http://host/prometheus/api/v1"),
        ),
        ("http://host/api/v1/receive", None),
        ("http://host/write", None),
    ] {
        assert_eq!(queried(&format!("url = '{written_to}'")).as_deref(), asked);
    }
    for (told, asked) in [
        ("http://host:9091", "http://host:9091/api/v1"),
        (
            "http://host/select/0/prometheus/api/v1/",
            "http://host/select/0/prometheus/api/v1",
        ),
    ] {
        assert_eq!(
            queried(&format!("query-url = '{told}'")).as_deref(),
            Some(asked)
        );
    }
}

#[test]
fn the_query_api_has_no_credentials_of_its_own() {
    insta::assert_snapshot!(message("query-url = 'http://ada:hunter2@host'"), @"
    remote-write.query-url | `remote-write.query-url` has a user or a password in it
    hint: remove them: queries are sent with the credentials of `remote-write`
    ");
}

#[test]
fn userinfo_becomes_basic_auth() {
    let destination = with_url("https://ada:p%40ss@host").unwrap();
    let expected = BasicAuth::of_userinfo("ada".to_owned(), "p@ss".to_owned());
    assert_eq!(destination.basic_auth, Some(expected));
    assert_eq!(destination.url.as_str(), "https://host/api/v1/write");
}

#[test]
fn the_strongest_address_is_taken() {
    let table: PartialRemoteWrite = toml::from_str("url = 'http://table'").unwrap();
    let strong = Secret::from("http://flag");
    assert_eq!(
        resolve_all(vec![table], Some(&strong), Path::new("/dir")).unwrap()[0]
            .url
            .host_str(),
        Some("flag")
    );
}

/// What comes of several tables, with `prometheus-url` if one is given.
fn all(prometheus_url: Option<&str>, tables: &[&str]) -> Result<Vec<RemoteWrite>, String> {
    let tables = tables.iter().map(|table| toml::from_str(table).unwrap());
    let strong = prometheus_url.map(Secret::from);
    resolve_all(tables.collect(), strong.as_ref(), Path::new("/dir"))
        .map_err(|fault| format!("{} | {}", fault.key, fault.problem))
}

#[test]
fn each_table_is_a_destination_and_the_first_one_may_have_its_address_elsewhere() {
    let hosts = |prometheus_url, first| {
        let destinations = all(prometheus_url, &[first, "url = 'http://second'"]).unwrap();
        let hosts = destinations.iter().map(|one| one.url.host_str().unwrap());
        hosts.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(hosts(None, ""), "127.0.0.1 second");
    assert_eq!(hosts(None, "url = 'http://a'"), "a second");
    assert_eq!(hosts(Some("http://flag"), ""), "flag second");
    assert_eq!(
        hosts(Some("http://flag"), "url = 'http://a'"),
        "flag second"
    );
}

#[test]
fn two_destinations_are_told_apart_by_their_addresses() {
    let message = |prometheus_url, tables: &[&str]| all(prometheus_url, tables).unwrap_err();
    insta::assert_snapshot!(message(None, &["", "remote-timeout = '5s'"]), @"
    remote-write[2] | table 2 of `remote-write` has no `url`
    hint: add it: `prometheus-url` is the address of the first table only
    ");
    let (a, b) = ("url = 'http://a'", "url = 'http://b'");
    insta::assert_snapshot!(message(None, &[a, b, "url = 'http://ada:c@b/api/v1/write'\ninsecure-credentials = true"]), @"
    remote-write[3].url | `http://b/api/v1/write` is the address of two destinations
    hint: remove one of them; `prometheus-url`, by flag and variable too, takes the place of the first one's `url`
    ");
    insta::assert_snapshot!(message(Some("http://b"), &[a, b]), @"
    prometheus-url | `http://b/api/v1/write` is the address of two destinations
    hint: remove one of them; `prometheus-url`, by flag and variable too, takes the place of the first one's `url`
    ");
}

#[test]
fn what_is_wrong_is_looked_for_in_its_own_table() {
    let fine = "url = 'http://a'";
    for (tables, key) in [
        (&["remote-timeout = 'x'"][..], "remote-write.remote-timeout"),
        (&["url = 'x'", fine], "prometheus-url"),
        (&[fine, "url = 'x'"], "remote-write[2].url"),
        (
            &[fine, "url = 'http://b'\nremote-timeout = 'x'"],
            "remote-write[2].remote-timeout",
        ),
        (
            &[
                fine,
                "url = 'http://ada@b'\nauthorization.credentials = 'x'",
            ],
            "remote-write[2].url",
        ),
        (
            &[
                "",
                "url = 'http://b'\n[[relabel]]\naction = 'drop'\n[[relabel]]\nregex = '('\naction = 'labeldrop'",
            ],
            "remote-write[2].relabel[2].regex",
        ),
    ] {
        let message = all(None, tables).unwrap_err();
        assert_eq!(message.split(" | ").next(), Some(key), "{message}");
    }
}

#[test]
fn a_token_is_a_bearer_token_unless_said_otherwise() {
    let destination = resolved("authorization.credentials = 'token'").unwrap();
    assert_eq!(destination.authorization.unwrap().scheme, "Bearer");
}

#[test]
fn no_secret_is_shown_when_formatted() {
    let destination = resolved(
        "basic-auth = { username = 'ada', password = 'hunter2' }
        headers = { X-Key = 'hunter2' }
        tls-config = { ca = 'hunter2', cert = 'hunter2', key = 'hunter2' }
        proxy-url = 'http://ada:hunter2@127.0.0.1'",
    )
    .unwrap();
    assert!(!format!("{destination:?}").contains("hunter2"));
    let parts = (
        destination.basic_auth,
        destination.tls_config,
        destination.proxy,
    );
    assert!(!format!("{parts:?}").contains("hunter2"));
}

fn message(table: &str) -> String {
    resolved(table).unwrap_err()
}

#[test]
fn there_is_one_way_to_prove_who_is_sending() {
    insta::assert_snapshot!(message("url = 'http://ada@a'\nbasic-auth = { username = 'b', password = 'c' }"), @"
    prometheus-url | `remote-write` has more than one of userinfo in its URL, `basic-auth` and `authorization`
    hint: keep the one that the receiver expects
    ");
    for table in [
        "url = 'http://ada@a'\nauthorization.credentials = 'c'",
        "basic-auth = { username = 'b', password = 'c' }\nauthorization.credentials = 'c'",
    ] {
        assert!(message(table).contains("more than one"), "{table}");
    }
}

#[test]
fn a_request_needs_time() {
    insta::assert_snapshot!(message("remote-timeout = '0s'"), @"
    remote-write.remote-timeout | `remote-write.remote-timeout`: `0s` is not a length of time: it must be more than zero
    hint: write a number with its unit, like `90s`, `5m`, `12h` or `30d`
    ");
}

#[test]
fn credentials_go_unencrypted_only_within_this_machine() {
    const BASIC: &str = "basic-auth = { username = 'ada', password-file = 'a' }";
    const TOKEN: &str = "authorization.credentials-file = 'a'";
    insta::assert_snapshot!(message("url = 'http://ada:hunter2@desk.lan'"), @"
    prometheus-url | `prometheus-url`: http://desk.lan/api/v1/write is not encrypted, so whoever is on the way could read the password or token
    hint: use https://, or, if that network is safe, set `insecure-credentials = true` under `[remote-write]`
    ");
    for (credentials, key) in [
        (BASIC, "remote-write.basic-auth"),
        (TOKEN, "remote-write.authorization"),
    ] {
        for (rest, is_taken) in [
            ("url = 'http://desk.lan'", false),
            (
                "url = 'http://desk.lan'\nproxy-url = 'http://127.0.0.1'",
                false,
            ),
            ("url = 'http://desk.lan'\ninsecure-credentials = true", true),
            (
                "url = 'https://desk.lan'\nproxy-url = 'http://proxy.lan'",
                true,
            ),
            ("url = 'http://[::1]:9090'", true),
            (
                "url = 'http://localhost'\nproxy-url = 'http://proxy.lan'",
                false,
            ),
            (
                "url = 'http://localhost'\nproxy-url = 'https://proxy.lan'",
                true,
            ),
        ] {
            let found = resolved(&format!("{credentials}\n{rest}"));
            assert_eq!(found.is_ok(), is_taken, "{rest}");
            if let Err(message) = found {
                assert!(
                    message.starts_with(&format!("{key} | `{key}`: ")),
                    "{message}"
                );
            }
        }
    }
    assert!(with_url("http://desk.lan").is_ok());
}

#[test]
fn a_server_name_wants_a_direct_connection() {
    let named = "tls-config.server-name = 'desk.lan'";
    for proxy in ["proxy-url = 'http://a'", "proxy-from-environment = true"] {
        insta::allow_duplicates!(
            insta::assert_snapshot!(message(&format!("{named}\n{proxy}")), @"
        remote-write.tls-config.server-name | `remote-write.tls-config.server-name` and a proxy do not go together
        hint: write a `url` with the name that the receiver's certificate has
        ")
        );
    }
    assert_eq!(resolved(named).unwrap().proxy, Proxy::Direct);
}
