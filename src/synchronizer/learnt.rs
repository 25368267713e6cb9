use chrono::NaiveTime;
use fancy_regex::Regex;

use crate::activitywatch::ServerSettings;
use crate::metrics::{Categories, CategoryRule, Label, Labelling, Rules};
use crate::settings::Settings;

/// When a day begins in ActivityWatch, as long as nobody says otherwise.
const START_OF_DAY: NaiveTime = NaiveTime::from_hms_opt(4, 0, 0).expect("a time of the day");

/// What a server's settings and our own come to together, made anew when the server's change.
#[derive(Default)]
pub struct Learnt {
    /// The server's settings.
    pub from: ServerSettings,
    /// What windows are sorted into.
    pub categories: Categories,
    /// The always-active pattern of the server.
    pub always_active: Option<Regex>,
    /// When a day begins by the clock.
    pub start_of_day: NaiveTime,
}

impl Learnt {
    /// Returns what becomes of the labels of a device that carries the labels `common`.
    pub fn labelling<'a>(&'a self, common: &'a [Label], rules: &'a Rules) -> Labelling<'a> {
        Labelling {
            common,
            categories: &self.categories,
            always_active: self.always_active.as_ref(),
            rules,
        }
    }

    /// Compiles what the settings say, and returns notices of what had to be left out.
    pub fn new(settings: &Settings, server: &ServerSettings) -> (Self, Vec<String>) {
        let (rules, skipped) = match &settings.categories_file {
            Some(file) => (file.rules.clone(), Vec::new()),
            None => CategoryRule::of_server(server.classes.as_ref()),
        };
        let own = settings.category.iter().cloned();
        let (categories, unusable) = Categories::new(rules.into_iter().chain(own));
        let always_active = server
            .always_active_pattern
            .as_deref()
            .map(Regex::new)
            .transpose();
        let bad_pattern = always_active.as_ref().err().map(|error| {
            format!("the always-active pattern of ActivityWatch is left out: {error}")
        });
        let notices = skipped
            .iter()
            .chain(&unusable)
            .map(ToString::to_string)
            .chain(bad_pattern)
            .collect();
        let learnt = Self {
            from: server.clone(),
            categories,
            always_active: always_active.unwrap_or_default(),
            start_of_day: settings
                .start_of_day
                .or(server.start_of_day)
                .unwrap_or(START_OF_DAY),
        };
        (learnt, notices)
    }
}
