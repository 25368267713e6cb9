use clap::Subcommand;

use super::Flags;

/// What to do with the service.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ServiceCommand {
    /// Have the system start it from now on, with the flags that are given here
    Install,
    /// Stop it and undo that
    Uninstall,
    /// Start it now
    Start,
    /// Stop it until the system starts it again
    Stop,
    /// Stop it and start it again
    Restart,
    /// Show how it is; exit 3 if it does not run
    Status,
    /// Show its log
    Logs {
        /// Go on to show what is logged
        #[arg(short, long)]
        follow: bool,
    },
    /// Be the service: Windows runs this, with the directories of the user who installed it
    #[cfg(windows)]
    #[command(hide = true)]
    Run {
        /// %LOCALAPPDATA%
        #[arg(long)]
        local: std::path::PathBuf,
        /// %APPDATA%
        #[arg(long)]
        roaming: std::path::PathBuf,
    },
}

impl Flags {
    /// Whether an address among them may hold a password.
    pub fn hold_password(&self) -> bool {
        let mut urls = self.aw_url.iter().chain(&self.prometheus_url);
        urls.any(|url| url.expose().contains('@'))
    }

    /// Returns arguments that say the same. Secrets among them are not masked.
    pub fn to_arguments(&self) -> Vec<String> {
        // By name, so that a new flag cannot be forgotten here.
        let Self {
            aw_url,
            prometheus_url,
            cron,
            excluded_watchers,
            included_watchers,
            min_data,
            user_id,
            host,
            port,
            testing,
            verbose,
        } = self;
        let mut arguments = Vec::new();
        // In one word, so that no value can be taken for a flag.
        let mut add = |flag: &str, value: &dyn std::fmt::Display| {
            arguments.push(format!("--{flag}={value}"));
        };
        for url in aw_url {
            add("aw-url", &url.expose());
        }
        if let Some(url) = prometheus_url {
            add("prometheus-url", &url.expose());
        }
        if let Some(cron) = cron {
            add("cron", cron);
        }
        for pattern in excluded_watchers {
            add("excluded-watchers", pattern);
        }
        for pattern in included_watchers {
            add("included-watchers", pattern);
        }
        if let Some(number) = min_data {
            add("min-data", number);
        }
        if let Some(name) = user_id {
            add("user-id", name);
        }
        if let Some(host) = host {
            add("host", host);
        }
        if let Some(port) = port {
            add("port", port);
        }
        for (flag, is_given) in [("--testing", testing), ("--verbose", verbose)] {
            if *is_given {
                arguments.push(flag.to_owned());
            }
        }
        arguments
    }
}
