//! The launcher that is our parent, and its end.
//!
//! A launcher that is killed leaves its modules behind, and starts them again the next time. Whoever else started the
//! agent, a shell or `systemd`, wants it to stay.

#[cfg(unix)]
use std::{os::unix::process::parent_id, time::Duration};

use super::Launcher;

#[cfg(windows)]
mod windows;

/// How often to look, where the system does not tell.
#[cfg(unix)]
const LOOK: Duration = Duration::from_secs(10);

/// The process that started this one, which is a launcher.
#[derive(Debug)]
pub struct Parent {
    launcher: Launcher,
    #[cfg(unix)]
    pid: u32,
    #[cfg(windows)]
    process: windows::Process,
}

impl Parent {
    /// Returns the parent of this process if it is a launcher. Later the parent may be another, so ask at the start.
    ///
    /// On Windows aw-tauri has the system end its modules with it, which is too fast to be seen here.
    pub fn at_start() -> Option<Self> {
        #[cfg(unix)]
        {
            let pid = parent_id();
            let launcher = Launcher::of_process(&process_name(pid)?)?;
            Some(Self { launcher, pid })
        }
        #[cfg(windows)]
        {
            let (name, process) = windows::Process::parent()?;
            let launcher = Launcher::of_process(&name)?;
            Some(Self { launcher, process })
        }
    }

    /// Is ready once the launcher has ended in any way.
    ///
    /// `PR_SET_PDEATHSIG` would not do: it means the end of the thread that started us, not that of the process.
    pub async fn ended(self) {
        #[cfg(target_os = "linux")]
        if let Err(error) = exit_of(self.pid).await {
            // Before Linux 5.3, or in a sandbox that does not know the call.
            log::debug!("{} is looked for every {LOOK:?}: {error}", self.launcher);
            await_other_parent(self.pid).await;
        }
        #[cfg(all(unix, not(target_os = "linux")))]
        await_other_parent(self.pid).await;
        #[cfg(windows)]
        if let Err(error) = self.process.exit().await {
            log::debug!("the end of {} will not be seen: {error}", self.launcher);
            std::future::pending::<()>().await;
        }
        log::info!("{} has ended", self.launcher);
    }
}

/// The name of the process `pid`, as the system keeps it.
#[cfg(target_os = "linux")]
fn process_name(pid: u32) -> Option<String> {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

/// The name of the process `pid`, as the system keeps it.
#[cfg(all(unix, not(target_os = "linux")))]
fn process_name(pid: u32) -> Option<String> {
    let ps = std::process::Command::new("ps")
        .args(["-o", "comm=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    let path = String::from_utf8(ps.stdout).ok()?;
    let name = std::path::Path::new(path.trim()).file_name()?;
    name.to_str().map(str::to_owned)
}

/// Waits for the end of our parent `pid`, on a thread of its own, which costs nothing and ends with the process.
#[cfg(target_os = "linux")]
async fn exit_of(pid: u32) -> std::io::Result<()> {
    use std::io::Error;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::retry_on_intr;
    use rustix::process::{PidfdFlags, getppid, pidfd_open};

    let Some(parent) = getppid().filter(|_| parent_id() == pid) else {
        return Ok(());
    };
    let process = pidfd_open(parent, PidfdFlags::empty())?;
    // If it ended in between, its number may be another's by now.
    if parent_id() != pid {
        return Ok(());
    }
    let (sender, ended) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().spawn(move || {
        let wait = || poll(&mut [PollFd::new(&process, PollFlags::IN)], None);
        // If nobody waits any more, the answer is not needed either.
        drop(sender.send(retry_on_intr(wait).map(drop).map_err(Error::from)));
    })?;
    ended.await.map_err(Error::other)?
}

/// Waits until our parent is another than `pid`.
#[cfg(unix)]
async fn await_other_parent(pid: u32) {
    while parent_id() == pid {
        tokio::time::sleep(LOOK).await;
    }
}
