use chrono::NaiveTime;
use serde_json::Value;

/// What a server's settings say that decides what counts as what. All empty on a server that has no settings, as
/// ActivityWatch's Python server had none before 0.13.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServerSettings {
    /// The rules of the person's categories, as the server has them; `None` if nobody ever saved any.
    pub classes: Option<Value>,
    /// A regex of apps and titles during which somebody is there even without a key pressed; `None` if it is blank.
    pub always_active_pattern: Option<String>,
    /// When the person's day begins by the clock; `None` if nobody ever said, or it is no time.
    pub start_of_day: Option<NaiveTime>,
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
            start_of_day: answer
                .get("startOfDay")
                .and_then(Value::as_str)
                .and_then(|text| NaiveTime::parse_from_str(text, "%H:%M").ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_day_begins_when_the_web_ui_says_so() {
        let start_of_day = |value: Value| {
            let settings = ServerSettings::of(&json!({ "startOfDay": value }));
            settings.start_of_day.map(|time| time.to_string())
        };
        assert_eq!(start_of_day(json!("05:30")).as_deref(), Some("05:30:00"));
        for value in [json!(null), json!(4), json!("noon"), json!("24:00")] {
            assert_eq!(start_of_day(value), None);
        }
    }
}
