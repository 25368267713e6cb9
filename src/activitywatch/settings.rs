use serde_json::Value;

/// What a server's settings say that decides what counts as what. All empty on a server that has no settings, as
/// ActivityWatch's Python server had none before 0.13.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServerSettings {
    /// The rules of the person's categories, as the server has them; `None` if nobody ever saved any.
    pub classes: Option<Value>,
    /// A regex of apps and titles during which somebody is there even without a key pressed; `None` if it is blank.
    pub always_active_pattern: Option<String>,
}

impl ServerSettings {
    /// Reads the answer to `GET /api/0/settings`. Every key is optional and of loose type.
    pub(super) fn of(answer: &Value) -> Self {
        let pattern = answer.get("always_active_pattern").and_then(Value::as_str);
        Self {
            classes: answer
                .get("classes")
                .filter(|classes| !classes.is_null())
                .cloned(),
            always_active_pattern: pattern
                .filter(|text| !text.trim().is_empty())
                .map(str::to_owned),
        }
    }
}
