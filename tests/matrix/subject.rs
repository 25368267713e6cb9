//! The receivers, of each age that Debian has.

use std::fs;

use crate::harness::{
    Agent, AwServer, Prometheus, PrometheusOptions, Receiver, Suite, VictoriaMetrics,
    VictoriaMetricsOptions, VmAgent,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Prometheus,
    /// As it comes: it counts twice what it gets twice.
    Victoria,
    /// With `-dedup.minScrapeInterval=1ms`.
    VictoriaDedup,
    /// In front of a VictoriaMetrics as it comes.
    VmAgent,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    pub(crate) kind: Kind,
    pub(crate) suite: Suite,
}

impl Subject {
    /// All of them, the oldest of each kind first.
    pub(crate) fn all() -> Vec<Self> {
        use Kind::{Prometheus, Victoria, VictoriaDedup, VmAgent};
        let of_kind =
            |kind| [Suite::Machine, Suite::Trixie, Suite::Sid].map(|suite| Subject { kind, suite });
        [Prometheus, Victoria, VictoriaDedup, VmAgent]
            .into_iter()
            .flat_map(of_kind)
            .collect()
    }

    /// Its name and version.
    pub(crate) fn name(self) -> String {
        let (name, package, addition) = match self.kind {
            Kind::Prometheus => ("Prometheus", "prometheus", ""),
            Kind::Victoria => ("VictoriaMetrics", "victoria-metrics", ""),
            Kind::VictoriaDedup => ("VictoriaMetrics", "victoria-metrics", ", dedup"),
            Kind::VmAgent => ("vmagent", "victoria-metrics", ""),
        };
        let version = fs::read_to_string(self.suite.file(package, "version"))
            .expect("tests/servers.sh writes it");
        // `prometheus@sid 3.5.3+ds1-6`
        let version = version.trim().rsplit(' ').next().unwrap_or_default();
        let version = version.split('+').next().unwrap_or_default();
        format!("{name} {version}{addition}")
    }

    /// Starts it as the README asks: it takes samples of any age.
    pub(crate) fn start(self) -> Running {
        match self.kind {
            Kind::Prometheus => Running::Prometheus(Prometheus::taking_history(self.suite)),
            Kind::Victoria | Kind::VictoriaDedup => {
                Running::Victoria(VictoriaMetrics::start(VictoriaMetricsOptions {
                    suite: self.suite,
                    dedup: self.kind == Kind::VictoriaDedup,
                    ..VictoriaMetricsOptions::default()
                }))
            }
            Kind::VmAgent => Running::VmAgent(VmAgent::start(self.suite)),
        }
    }

    /// Starts it as it comes: of a Prometheus, without an out-of-order window and with something that it scrapes.
    pub(crate) fn start_default(self) -> Running {
        match self.kind {
            Kind::Prometheus => Running::Prometheus(Prometheus::start(PrometheusOptions {
                suite: self.suite,
                self_scrape: true,
                ..PrometheusOptions::default()
            })),
            _ => self.start(),
        }
    }
}

pub(crate) enum Running {
    Prometheus(Prometheus),
    Victoria(VictoriaMetrics),
    VmAgent(VmAgent),
}

impl Running {
    /// What has arrived is asked here.
    pub(crate) fn asked(&self) -> &dyn Receiver {
        match self {
            Self::Prometheus(prometheus) => prometheus,
            Self::Victoria(victoria) => victoria,
            Self::VmAgent(vmagent) => vmagent,
        }
    }

    /// Where samples are sent.
    pub(crate) fn write_url(&self) -> String {
        match self {
            Self::VmAgent(vmagent) => vmagent.write_url(),
            _ => self.asked().url(),
        }
    }

    /// An agent from `server` to `url`, which leads here. `settings` are further lines of its file.
    pub(crate) fn fed_by(&self, server: &AwServer, url: &str, settings: &str) -> Agent {
        let agent = Agent::new().reading(&server.url());
        let destination = match self {
            Self::VmAgent(vmagent) => vmagent.settings(url),
            _ => format!("prometheus-url = '{url}'\n"),
        };
        agent.write_settings(&format!("{settings}\n{destination}"));
        agent
    }

    pub(crate) fn stop(&mut self) {
        match self {
            Self::Prometheus(prometheus) => prometheus.stop(),
            Self::Victoria(victoria) => victoria.stop(),
            Self::VmAgent(vmagent) => vmagent.stop(),
        }
    }

    pub(crate) fn restart(&mut self) {
        match self {
            Self::Prometheus(prometheus) => prometheus.restart(),
            Self::Victoria(victoria) => victoria.restart(),
            Self::VmAgent(vmagent) => vmagent.restart(),
        }
    }
}
