use crate::harness::{
    Prometheus, PrometheusOptions, Receiver, Suite, VictoriaMetrics, VictoriaMetricsOptions,
};

/// A receiver, and who is killed.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(super) kind: Kind,
    pub(super) suite: Suite,
    pub(crate) victim: Victim,
}

/// What takes the samples.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Prometheus with an out-of-order window.
    WithWindow,
    /// Prometheus without one, which scrapes nothing.
    WithoutWindow,
    /// VictoriaMetrics, which counts twice what it gets twice.
    Appending,
}

/// Who is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    /// The agent, at any moment.
    Agent,
    /// The receiver, right after it has acknowledged a request.
    Receiver,
}

pub(crate) const CASES: [Case; 7] = [
    Case {
        name: "Prometheus 3.5, window",
        kind: Kind::WithWindow,
        suite: Suite::Sid,
        victim: Victim::Agent,
    },
    Case {
        name: "Prometheus 3.5, no window",
        kind: Kind::WithoutWindow,
        suite: Suite::Sid,
        victim: Victim::Agent,
    },
    Case {
        name: "Prometheus 2.42, window",
        kind: Kind::WithWindow,
        suite: Suite::Machine,
        victim: Victim::Agent,
    },
    Case {
        name: "VictoriaMetrics 1.79",
        kind: Kind::Appending,
        suite: Suite::Machine,
        victim: Victim::Agent,
    },
    Case {
        name: "VictoriaMetrics 1.145",
        kind: Kind::Appending,
        suite: Suite::Sid,
        victim: Victim::Agent,
    },
    Case {
        name: "VictoriaMetrics 1.79 itself",
        kind: Kind::Appending,
        suite: Suite::Machine,
        victim: Victim::Receiver,
    },
    Case {
        name: "VictoriaMetrics 1.145 itself",
        kind: Kind::Appending,
        suite: Suite::Sid,
        victim: Victim::Receiver,
    },
];

impl Case {
    /// Whether a receiver can be sent history only once. After a complete pass the agent tells how it fares, now, and
    /// from then on a Prometheus without an out-of-order window refuses all that is an hour old.
    pub(super) fn takes_one_history(&self) -> bool {
        self.kind == Kind::WithoutWindow
    }

    /// Whether the receiver counts twice what it gets twice.
    pub(super) fn appends(&self) -> bool {
        self.kind == Kind::Appending
    }

    /// Starts the receiver.
    pub(super) fn start(&self) -> Box<dyn Receiver> {
        match self.kind {
            Kind::WithWindow => Box::new(Prometheus::taking_history(self.suite)),
            Kind::WithoutWindow => Box::new(Prometheus::start(PrometheusOptions {
                suite: self.suite,
                ..PrometheusOptions::default()
            })),
            Kind::Appending => Box::new(self.start_appending()),
        }
    }

    /// Starts a VictoriaMetrics, which can be killed.
    pub(super) fn start_appending(&self) -> VictoriaMetrics {
        VictoriaMetrics::start(VictoriaMetricsOptions {
            suite: self.suite,
            ..VictoriaMetricsOptions::default()
        })
    }
}
