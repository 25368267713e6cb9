use reqwest::header::HeaderValue;

/// Returns a key as it is now, or what is wrong with it, the hint included.
type Read = dyn Fn() -> Result<String, String> + Send + Sync;

/// The key that a server wants to see, as aw-server-rust may. It is asked for with each request, since it may change.
pub struct ApiKey {
    place: String,
    read: Box<Read>,
}

impl ApiKey {
    /// Returns the key that stands at `place`, which is named if the server does not take it.
    ///
    /// `read` returns it, or what is wrong with it, the hint included.
    pub fn new(
        place: String,
        read: impl Fn() -> Result<String, String> + Send + Sync + 'static,
    ) -> Self {
        let read = Box::new(read);
        Self { place, read }
    }

    /// Where the key stands.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Returns the value of `Authorization`.
    ///
    /// # Errors
    /// What is wrong with the key.
    pub(super) fn authorization(&self) -> Result<HeaderValue, String> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", (self.read)()?))
            .map_err(|error| format!("the API key from {}: {error}", self.place))?;
        value.set_sensitive(true);
        Ok(value)
    }
}
