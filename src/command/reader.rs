use super::CommandError;
use crate::activitywatch::{self, Reader};
use crate::settings::{ApiKey, Settings};

/// Returns the reader of the servers that `settings` name.
///
/// # Errors
/// [`CommandError::Source`].
pub fn reader(settings: &Settings) -> Result<Reader, CommandError> {
    let servers = settings
        .aw_servers
        .iter()
        .map(|server| activitywatch::Client::new(&server.url, server.api_key.clone().map(opener)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Reader::new(servers))
}

/// Returns `key` as reading wants it.
fn opener(key: ApiKey) -> activitywatch::ApiKey {
    activitywatch::ApiKey::new(key.to_string(), move || match key.read() {
        Ok(key) => Ok(key.expose().to_owned()),
        Err(error) => Err(error.to_string()),
    })
}
