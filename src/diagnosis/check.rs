use serde::{Serialize, Serializer};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Where.
    pub end: End,
    /// The address of that end; none of the agent's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The device that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What was looked at: the same word in every run.
    pub name: &'static str,
    /// Whether it is well.
    pub verdict: Verdict,
    /// What was found, for a person.
    pub found: String,
    /// What can be done: each alone is enough.
    pub fixes: Vec<Fix>,
}

/// A part of the way of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The agent, its settings and its state.
    Agent,
    /// A server that is read.
    ActivityWatch,
    /// Where samples go.
    Receiver,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Samples flow, but something may be lost or missing.
    Warn,
    /// Nothing flows before this is put right.
    Fail(Fault),
}

/// What has to change before samples flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A setting, here or of a server.
    Settings,
    /// Somebody has to answer.
    Unreachable,
    /// The agent's own files.
    State,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What to do, in words; with `text`, what to do with that.
    #[serde(rename = "do")]
    pub how: String,
    /// What to type or to paste, maybe several lines.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Verdict {
    /// Returns the verdict in a word: `pass`, `warn` or `fail`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail(_) => "fail",
        }
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Check {
    /// Returns a check of the agent itself, until [`Self::at`].
    fn new(name: &'static str, verdict: Verdict, found: impl Into<String>) -> Self {
        Self {
            end: End::Agent,
            address: None,
            host: None,
            name,
            verdict,
            found: found.into(),
            fixes: Vec::new(),
        }
    }

    pub(super) fn pass(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Verdict::Pass, found)
    }

    pub(super) fn warn(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Verdict::Warn, found)
    }

    pub(super) fn fail(name: &'static str, fault: Fault, found: impl Into<String>) -> Self {
        Self::new(name, Verdict::Fail(fault), found)
    }

    /// Returns a check of a message that ends in a `hint:` line, which becomes what to do.
    pub(super) fn hinted(name: &'static str, verdict: Verdict, message: &str) -> Self {
        match message.split_once("\nhint: ") {
            Some((found, hint)) => Self::new(name, verdict, found).advise(hint),
            None => Self::new(name, verdict, message),
        }
    }

    pub(super) fn at(mut self, end: End, address: &str) -> Self {
        self.end = end;
        self.address = Some(address.to_owned());
        self
    }

    pub(super) fn of(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    /// Adds something to do that there is nothing to paste for.
    pub(super) fn advise(mut self, how: impl Into<String>) -> Self {
        let how = how.into();
        self.fixes.push(Fix { how, text: None });
        self
    }

    /// Adds something to type or to paste.
    pub(super) fn fix(mut self, how: impl Into<String>, text: impl Into<String>) -> Self {
        self.fixes.push(Fix {
            how: how.into(),
            text: Some(text.into()),
        });
        self
    }
}
