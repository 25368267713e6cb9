//! The ActivityWatch servers to read.

use std::path::PathBuf;

use reqwest::Url;

use super::{
    Warning,
    api_key::ApiKey,
    discovery,
    error::{Fault, Problem},
    secret::{Secret, masked_url},
    url,
};
use crate::{activitywatch::is_loopback, dirs::Dirs};

/// An ActivityWatch server to read.
#[derive(Clone, PartialEq)]
pub struct AwServer {
    /// Its address. May hold userinfo: show by [`masked_url`].
    pub url: Url,
    /// The key that it wants; none where the address has userinfo, since both go into one header.
    pub api_key: Option<ApiKey>,
}

impl AwServer {
    fn new(url: Url, api_key: Option<&ApiKey>) -> Self {
        let api_key = api_key.filter(|_| !has_userinfo(&url)).cloned();
        Self { url, api_key }
    }

    /// Searches ActivityWatch's own configuration for the key, unless there is one; returns the file that had it.
    pub(super) fn find_api_key(&mut self, dirs: &Dirs, testing: bool) -> Option<PathBuf> {
        if self.api_key.is_some() || has_userinfo(&self.url) {
            return None;
        }
        let (key, path) = discovery::api_key::find(dirs, testing, &self.url)?;
        self.api_key = Some(ApiKey::found(key, path.clone()));
        Some(path)
    }

    /// Returns what is to be said about how the key is sent.
    pub(super) fn warning(&self) -> Option<Warning> {
        let is_in_clear = self.url.scheme() == "http" && !is_loopback(&self.url);
        (self.api_key.is_some() && is_in_clear).then(|| Warning::KeyInClear {
            url: masked_url(&self.url),
        })
    }
}

/// Returns the servers at `addresses`, each once: the same server twice would be read and sent twice. Without any it is
/// the one that was `found`.
pub(super) fn resolve(
    addresses: Option<Vec<Secret>>,
    found: Url,
    api_key: Option<&ApiKey>,
) -> Result<Vec<AwServer>, Fault> {
    let Some(addresses) = addresses else {
        return Ok(vec![AwServer::new(found, api_key)]);
    };
    let mut servers: Vec<AwServer> = Vec::new();
    for address in addresses {
        let url = url::parse("aw-url", address.expose())?;
        if servers.iter().all(|server| server.url != url) {
            servers.push(AwServer::new(url, api_key));
        }
    }
    if servers.is_empty() {
        return Err(Problem::Empty("aw-url".to_owned()).of("aw-url"));
    }
    match api_key {
        Some(key) if servers.iter().all(|server| server.api_key.is_none()) => {
            let (key, _) = key.setting();
            Err(Problem::UnusedApiKey { key }.of(key))
        }
        _ => Ok(servers),
    }
}

fn has_userinfo(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key's servers among `addresses`.
    fn with_key(addresses: &[&str]) -> Result<Vec<String>, Fault> {
        let key = ApiKey::found("hunter2".into(), PathBuf::new());
        let addresses = addresses.iter().map(|&address| address.into()).collect();
        let found = Url::parse("http://127.0.0.1:5600").unwrap();
        let servers = resolve(Some(addresses), found, Some(&key))?;
        let servers = servers
            .into_iter()
            .filter(|server| server.api_key.is_some());
        Ok(servers.map(|server| server.url.to_string()).collect())
    }

    #[test]
    fn a_key_goes_to_every_server_without_userinfo() {
        let given = with_key(&["http://a", "http://ada@b", "http://:pw@c", "https://d"]).unwrap();
        assert_eq!(given, ["http://a/", "https://d/"]);
        insta::assert_snapshot!(with_key(&["http://ada:hunter2@a"]).unwrap_err().problem, @"
        `aw-api-key` is for no server, since each address of `aw-url` has a user or password
        hint: a request carries one of them; remove the one that the server does not want
        ");
    }

    #[test]
    fn a_key_in_clear_text_beyond_this_machine_is_warned_of() {
        let warning = |address| {
            let key = ApiKey::found("hunter2".into(), PathBuf::new());
            let server = AwServer::new(Url::parse(address).unwrap(), Some(&key));
            server.warning().map(|warning| warning.to_string())
        };
        insta::assert_snapshot!(warning("http://desk.lan:5600/?token=hunter2").unwrap(), @"
        http://desk.lan:5600/?***: the API key is sent in clear text to another machine
        hint: use an address with https://, or a tunnel such as `ssh -L`
        ");
        for address in [
            "http://127.0.0.1:5600",
            "http://localhost",
            "http://[::1]",
            "https://desk.lan",
        ] {
            assert_eq!(warning(address), None, "{address}");
        }
        let url = Url::parse("http://desk.lan").unwrap();
        assert!(AwServer::new(url, None).warning().is_none());
    }
}
