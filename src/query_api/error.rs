use thiserror::Error;

use crate::remote_write::ClientError;

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryError {
    /// There is nothing to ask, or it does not let us in: it is of no use to ask again.
    #[error(
        "no query API: {reason}\nhint: set `query-url` under `[remote-write]`, as in `http://127.0.0.1:9090/api/v1`"
    )]
    NoQueryApi {
        /// What was answered, and by whom; or that nobody says where to ask.
        reason: String,
    },
    /// Nobody answers, or not now: asking again may help.
    #[error(
        "the query API at {url} does not answer: {reason}\nhint: is it running? see also `query-url`"
    )]
    Unavailable {
        /// Its address.
        url: String,
        /// What the client or the server said.
        reason: String,
    },
    /// The settings, or the files that they name, have to change before anybody can be asked.
    #[error(transparent)]
    NotSent(#[from] ClientError),
    /// This question is not answered, others may be: it is wrong, or asks for too much.
    #[error("the query API at {url} refuses a query: {reason}")]
    Rejected {
        /// Its address.
        url: String,
        /// What the server said.
        reason: String,
    },
}
