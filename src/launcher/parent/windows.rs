//! Windows forgets no parent: a process keeps the number of the one that started it, be that another's by now.

use std::{fmt, io};

use tokio::sync::oneshot;
use winsafe::co::{PROCESS, TH32CS};
use winsafe::guard::CloseHandleGuard;
use winsafe::{FILETIME, GetCurrentProcessId, HPROCESS, HPROCESSLIST};

/// A process that cannot be taken for another as long as this is kept.
pub(super) struct Process(CloseHandleGuard<HPROCESS>);

impl fmt::Debug for Process {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Process").finish_non_exhaustive()
    }
}

impl Process {
    /// Returns the parent of this process with the name of its program; `None` if it has ended, or may not be watched.
    pub(super) fn parent() -> Option<(String, Self)> {
        let mut processes =
            HPROCESSLIST::CreateToolhelp32Snapshot(TH32CS::SNAPPROCESS, None).ok()?;
        let all: Vec<_> = processes
            .iter_processes()
            .map_while(Result::ok)
            .map(|entry| {
                let parent = entry.th32ParentProcessID;
                (entry.th32ProcessID, parent, entry.szExeFile())
            })
            .collect();
        let own = GetCurrentProcessId();
        let (.., pid, _) = *all.iter().find(|(pid, ..)| *pid == own)?;
        let (.., name) = all.iter().find(|(other, ..)| *other == pid)?;
        let rights = PROCESS::SYNCHRONIZE | PROCESS::QUERY_LIMITED_INFORMATION;
        let process = HPROCESS::OpenProcess(rights, false, pid).ok()?;
        // Whoever began after its child has only inherited the number.
        (begin(&process)? <= begin(&HPROCESS::GetCurrentProcess())?)
            .then(|| (name.clone(), Self(process)))
    }

    /// Is ready once it has ended. The wait is on a thread of its own, which costs nothing and ends with this process.
    pub(super) async fn exit(self) -> io::Result<()> {
        let (sender, ended) = oneshot::channel();
        std::thread::Builder::new().spawn(move || {
            let waited = self.0.WaitForSingleObject(None);
            // If nobody waits any more, the answer is not needed either.
            drop(sender.send(waited.map(drop).map_err(io::Error::other)));
        })?;
        ended.await.map_err(io::Error::other)?
    }
}

/// When `process` began, in the system's own units.
fn begin(process: &HPROCESS) -> Option<u64> {
    let (begin, ..) = process.GetProcessTimes().ok()?;
    let FILETIME {
        dwLowDateTime: low,
        dwHighDateTime: high,
    } = begin;
    Some(u64::from(high) << 32 | u64::from(low))
}
