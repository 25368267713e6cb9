//! How the agent proves who it is.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{DestinationProblem, Fault, Secret, SecretSource, headers};

const BASIC_AUTH: &str = "remote-write.basic-auth";
const AUTHORIZATION: &str = "remote-write.authorization";

/// User and password.
#[derive(Clone, Debug, PartialEq)]
pub struct BasicAuth {
    /// The user.
    pub username: SecretSource,
    /// The password.
    pub password: SecretSource,
}

/// The header `Authorization` in two parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Authorization {
    /// The scheme, `Bearer` unless said otherwise.
    pub scheme: String,
    /// The token.
    pub credentials: SecretSource,
}

/// The table `basic-auth` as written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table",
    rename_all = "kebab-case"
)]
pub struct PartialBasicAuth {
    username: Option<String>,
    username_file: Option<PathBuf>,
    password: Option<Secret>,
    password_file: Option<PathBuf>,
}

/// The table `authorization` as written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table",
    rename_all = "kebab-case"
)]
pub struct PartialAuthorization {
    #[serde(rename = "type")]
    scheme: Option<String>,
    credentials: Option<Secret>,
    credentials_file: Option<PathBuf>,
}

impl BasicAuth {
    /// Returns what the userinfo of an address says.
    pub(super) fn of_userinfo(username: String, password: String) -> Self {
        let part = |name, text| SecretSource::inline(&format!("{BASIC_AUTH}.{name}"), text);
        Self {
            username: part("username", username.into()),
            password: part("password", password.into()),
        }
    }

    pub(super) fn resolve(table: PartialBasicAuth, directory: &Path) -> Result<Self, Fault> {
        let part = |name, inline, file| required(BASIC_AUTH, name, inline, file, directory);
        Ok(Self {
            username: part(
                "username",
                table.username.map(Secret::from),
                table.username_file,
            )?,
            password: part("password", table.password, table.password_file)?,
        })
    }
}

impl Authorization {
    pub(super) fn resolve(table: PartialAuthorization, directory: &Path) -> Result<Self, Fault> {
        let scheme = table.scheme.unwrap_or_else(|| "Bearer".to_owned());
        headers::check_authorization(AUTHORIZATION, &scheme, table.credentials.as_ref())?;
        let credentials = required(
            AUTHORIZATION,
            "credentials",
            table.credentials,
            table.credentials_file,
            directory,
        )?;
        Ok(Self {
            scheme,
            credentials,
        })
    }
}

fn required(
    table: &'static str,
    name: &'static str,
    inline: Option<Secret>,
    file: Option<PathBuf>,
    directory: &Path,
) -> Result<SecretSource, Fault> {
    SecretSource::of(&format!("{table}.{name}"), inline, file, directory)?
        .ok_or_else(|| DestinationProblem::Missing { table, name }.of(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic_auth(table: &str) -> String {
        BasicAuth::resolve(toml::from_str(table).unwrap(), Path::new("/dir"))
            .unwrap_err()
            .problem
            .to_string()
    }

    #[test]
    fn both_parts_are_needed_and_each_once() {
        insta::assert_snapshot!(basic_auth("username = 'ada'"), @"
        `remote-write.basic-auth` has no `password`
        hint: add `password`, or `password-file` with the path of a file that holds it
        ");
        insta::assert_snapshot!(basic_auth("password-file = 'a'"), @"
        `remote-write.basic-auth` has no `username`
        hint: add `username`, or `username-file` with the path of a file that holds it
        ");
        insta::assert_snapshot!(basic_auth("username = 'ada'\npassword = 'hunter2'\npassword-file = 'a'"), @"
        `remote-write.basic-auth.password` and `remote-write.basic-auth.password-file` are two places of one value
        hint: remove one of them
        ");
        let none = Authorization::resolve(PartialAuthorization::default(), Path::new("/dir"));
        insta::assert_snapshot!(none.unwrap_err().problem, @"
        `remote-write.authorization` has no `credentials`
        hint: add `credentials`, or `credentials-file` with the path of a file that holds it
        ");
    }
}
