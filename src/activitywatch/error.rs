use thiserror::Error;

/// Why something could not be read from an ActivityWatch server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// Nobody answers, or not in time: everything of this server waits for the next pass.
    #[error(
        "ActivityWatch at {url} does not answer: {reason}\nhint: start ActivityWatch, or set `--aw-url` to where it listens"
    )]
    Unreachable {
        /// The server's address.
        url: String,
        /// What the client said, without the address.
        reason: String,
    },
    /// What answers is no ActivityWatch server, or one that does not let us in: as for [`Self::Unreachable`].
    #[error("ActivityWatch at {url} answered {status} to `{path}`: {body}\nhint: {hint}")]
    Misconfigured {
        /// The server's address.
        url: String,
        /// The path that was asked for.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The first part of the answer.
        body: String,
        /// What a person can do.
        hint: String,
    },
    /// The key that the server wants cannot be had, so it is not asked: as for [`Self::Misconfigured`].
    #[error("ActivityWatch at {url} is not asked: {reason}")]
    NoKey {
        /// The server's address.
        url: String,
        /// What is wrong, and what a person can do.
        reason: String,
    },
    /// The bucket is gone since it was listed: there is nothing to read and nothing to wait for.
    #[error("bucket `{bucket}` is gone")]
    Vanished {
        /// The bucket's id.
        bucket: String,
    },
    /// The server fails on this bucket: it waits, the others go on.
    #[error(
        "bucket `{bucket}` cannot be read: {reason}\nhint: the others go on, and this one is caught up once it can be read; the log of ActivityWatch may say more"
    )]
    Unreadable {
        /// The bucket's id.
        bucket: String,
        /// What the server or the client said.
        reason: String,
    },
    /// The server cannot run a query: what it shows by itself is not known.
    #[error("ActivityWatch at {url} does not run the query of its own Activity view: {reason}")]
    Query {
        /// The server's address.
        url: String,
        /// What the server said.
        reason: String,
    },
    /// A thread of ours has ended early: what it read until then counts, the rest waits for the next pass.
    #[error(
        "reading ActivityWatch broke off\nhint: this is a bug of aw-sync-agent; please report it, with the lines above"
    )]
    BrokeOff,
}
