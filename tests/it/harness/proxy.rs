//! A server in front of a real one, for what no real one does on demand.

mod wire;

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the proxy does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// The real server answers.
    Forward,
    /// The proxy answers: status, further header lines, body.
    Answer(u16, &'static str, &'static str),
    /// The real server answers, and its answer is lost.
    LoseAnswer,
    /// The real server answers, and the connection is reset instead of carrying its answer.
    ResetAfter,
    /// The real server answers, and what comes is this: status, further header lines, body.
    Replace(u16, &'static str, &'static str),
    /// The real server answers, and only the first half of its answer comes, whatever its headers promise.
    Halve,
    /// The real server answers, and each of the last bytes of its answer takes so long; those before come at once.
    Drip(usize, Duration),
    /// The connection is closed before the real server sees anything.
    Close,
    /// The connection is reset before the real server sees anything.
    ResetBefore,
    /// The connection stays open, and nothing comes.
    Silence,
}

/// What a rule decides by.
pub(crate) struct Request<'a> {
    /// Request line and headers.
    pub(crate) head: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
    /// How many requests came before.
    pub(crate) count: usize,
}

impl Request<'_> {
    /// Whether the samples that it brings say `text` somewhere.
    pub(crate) fn tells_of(&self, text: &str) -> bool {
        decompressed(self.body).is_some_and(|message| {
            message
                .windows(text.len())
                .any(|bytes| bytes == text.as_bytes())
        })
    }

    /// Whether the agent asks where to begin, as it does once for each machine.
    pub(crate) fn asks_where_to_begin(&self) -> bool {
        let query = b"last%5Fover%5Ftime";
        self.body.windows(query.len()).any(|bytes| bytes == query)
    }

    /// Whether the agent asks what the receiver is or where to begin, or tells how it fares.
    fn is_of_the_agent(&self) -> bool {
        self.path.ends_with("/flags") || self.asks_where_to_begin() || self.tells_of("aw_sync_")
    }
}

fn decompressed(body: &[u8]) -> Option<Vec<u8>> {
    snap::raw::Decoder::new().decompress_vec(body).ok()
}

type Rule = Box<dyn FnMut(&Request) -> Verdict + Send>;

pub(crate) struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    rule: Rule,
    sees_all: bool,
    heads: Vec<String>,
    bodies: Vec<Vec<u8>>,
}

impl Proxy {
    /// Starts a proxy for the server at `upstream`, an address of plain HTTP. It ends with the test's process.
    ///
    /// It can also be asked as a proxy that clients know of: for any address, and by CONNECT for a tunnel, what is
    /// reached is `upstream`, which may then speak TLS.
    pub(crate) fn start(
        upstream: &str,
        mut rule: impl FnMut(&str, &str, usize) -> Verdict + Send + 'static,
    ) -> Self {
        Self::deciding(
            upstream,
            Box::new(move |request| rule(request.method, request.path, request.count)),
            false,
        )
    }

    /// The same with a rule that sees all of a request, and each request. Otherwise what the agent asks of the receiver
    /// and tells of itself passes by: what most tests count and bend is what carries activity.
    pub(crate) fn judging(
        upstream: &str,
        rule: impl FnMut(&Request) -> Verdict + Send + 'static,
    ) -> Self {
        Self::deciding(upstream, Box::new(rule), true)
    }

    /// Starts a proxy that lets in whom aw-server-rust lets in if its configuration has the API key `key`.
    pub(crate) fn wanting_key(upstream: &str, key: &str) -> Self {
        let wanted = format!("\r\nauthorization: Bearer {key}\r\n");
        let rule = move |request: &Request| {
            if request.path == "/api/0/info" || request.head.contains(&wanted) {
                Verdict::Forward
            } else {
                let message = r#"{"message":"Missing or invalid API key. Set 'Authorization: Bearer <key>' header."}"#;
                Verdict::Answer(401, "Content-Type: application/json\r\n", message)
            }
        };
        Self::deciding(upstream, Box::new(rule), true)
    }

    fn deciding(upstream: &str, rule: Rule, sees_all: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("some port is free");
        let port = listener
            .local_addr()
            .expect("a bound socket has an address")
            .port();
        let state = Arc::new(Mutex::new(State {
            rule,
            sees_all,
            heads: Vec::new(),
            bodies: Vec::new(),
        }));
        let upstream = upstream
            .trim_start_matches("http://")
            .trim_start_matches("https://")
            .trim_end_matches('/')
            .to_owned();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (upstream, state) = (upstream.clone(), Arc::clone(&shared));
                // A client that goes away in the middle is what some tests are about.
                thread::spawn(move || drop(wire::serve(&connection, &upstream, &state)));
            }
        });
        Self { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Replaces the rule; requests are counted anew.
    pub(crate) fn set_rule(
        &self,
        mut rule: impl FnMut(&str, &str, usize) -> Verdict + Send + 'static,
    ) {
        let mut state = self.state.lock().expect("no rule panics");
        *state = State {
            rule: Box::new(move |request| rule(request.method, request.path, request.count)),
            sees_all: state.sees_all,
            heads: Vec::new(),
            bodies: Vec::new(),
        };
    }

    /// Request line and headers of each request so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.state.lock().expect("no rule panics").heads.clone()
    }

    /// The body of each request so far.
    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        self.state.lock().expect("no rule panics").bodies.clone()
    }
}
