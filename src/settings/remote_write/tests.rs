use super::*;

fn with_url(url: &str) -> Result<RemoteWrite, String> {
    resolved(&format!("url = '{url}'"))
}

fn resolved(table: &str) -> Result<RemoteWrite, String> {
    resolve(toml::from_str(table).unwrap(), None, Path::new("/dir"))
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
        resolve(table, Some(&strong), Path::new("/dir"))
            .unwrap()
            .url
            .host_str(),
        Some("flag")
    );
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
