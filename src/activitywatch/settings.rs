use serde_json::Value;

/// What a server's settings say that decides what counts as what. All empty on a server that has no settings, as
/// ActivityWatch's Python server had none before 0.13.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServerSettings {
    /// The rules of the person's categories, as the server has them; `None` if nobody ever saved any.
    pub classes: Option<Value>,
}

impl ServerSettings {
    /// Reads the answer to `GET /api/0/settings`. Every key is optional and of loose type.
    pub(super) fn of(answer: &Value) -> Self {
        Self {
            classes: answer
                .get("classes")
                .filter(|classes| !classes.is_null())
                .cloned(),
        }
    }
}
