//! What systemd wants to be told by a service of `Type=notify`: `sd_notify(3)`, one datagram a message. And what the
//! service control manager of Windows wants to be told by any.

#[cfg(unix)]
use std::os::unix::net::{SocketAddr, UnixDatagram};
#[cfg(unix)]
use std::{env, ffi::OsStr, io};

#[cfg(windows)]
use super::windows::Reporter;

/// Tells how the daemon is to whoever started it and wants to know. To nobody, everything is said in vain.
#[derive(Debug)]
pub struct Notifier {
    #[cfg(unix)]
    socket: Option<(UnixDatagram, SocketAddr)>,
    #[cfg(windows)]
    manager: Option<Reporter>,
}

impl Notifier {
    /// Returns one for the listener that the variable `NOTIFY_SOCKET` names, if it does.
    #[cfg(unix)]
    pub fn from_environment() -> Self {
        let Some(address) = env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty())
        else {
            return Self::to_nobody();
        };
        Self::to(&address).unwrap_or_else(|error| {
            log::debug!(
                "nobody is told how the daemon is: {}: {error}",
                address.display()
            );
            Self::to_nobody()
        })
    }

    /// Returns one that says nothing.
    pub fn to_nobody() -> Self {
        Self {
            #[cfg(unix)]
            socket: None,
            #[cfg(windows)]
            manager: None,
        }
    }

    /// Returns one for the manager that `reporter` tells.
    #[cfg(windows)]
    pub(super) fn to_manager(reporter: Reporter) -> Self {
        Self {
            manager: Some(reporter),
        }
    }

    /// Returns one for the listener at `address`: a path or, with `@` in front, a name of Linux's abstract namespace.
    #[cfg(unix)]
    fn to(address: &OsStr) -> io::Result<Self> {
        use std::os::unix::ffi::OsStrExt as _;

        let address = match address.as_bytes().strip_prefix(b"@") {
            Some(name) => abstract_address(name)?,
            None => SocketAddr::from_pathname(address)?,
        };
        let socket = UnixDatagram::unbound()?;
        // A listener that does not keep up must not hold up the work.
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: Some((socket, address)),
        })
    }

    /// Says that the start is over, and in one line what the daemon does now. May be said again.
    pub fn ready(&self, status: &str) {
        #[cfg(unix)]
        self.tell(&format!("READY=1\nSTATUS={}", first_line(status)));
        #[cfg(windows)]
        if let Some(manager) = self.manager {
            log::debug!("the manager is told that the daemon runs: {status}");
            manager.running();
        }
    }

    /// Says that the daemon is about to end.
    pub fn stopping(&self) {
        #[cfg(unix)]
        self.tell("STOPPING=1\nSTATUS=stopping");
        #[cfg(windows)]
        if let Some(manager) = self.manager {
            manager.stopping();
        }
    }

    #[cfg(unix)]
    fn tell(&self, message: &str) {
        if let Some((socket, address)) = &self.socket
            && let Err(error) = socket.send_to_addr(message.as_bytes(), address)
        {
            log::debug!("the listener of NOTIFY_SOCKET was not told {message:?}: {error}");
        }
    }
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;

    SocketAddr::from_abstract_name(name)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn abstract_address(_name: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A further line would be another message.
#[cfg(unix)]
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::linux::net::SocketAddrExt as _;
    use std::time::Duration;

    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut message = [0; 1000];
        let length = socket.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_path_and_an_abstract_name_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let name = format!("aw-sync-agent-test-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        for (listener, address) in [
            (UnixDatagram::bind(&path).unwrap(), path.into_os_string()),
            (
                UnixDatagram::bind_addr(&abstract_name).unwrap(),
                format!("@{name}").into(),
            ),
        ] {
            listener.set_nonblocking(true).unwrap();
            let notifier = Notifier::to(&address).unwrap();
            notifier.ready("waits\nhint: STOPPING=1");
            assert_eq!(heard(&listener), "READY=1\nSTATUS=waits");
            notifier.stopping();
            assert_eq!(heard(&listener), "STOPPING=1\nSTATUS=stopping");
        }
    }

    #[test]
    fn a_listener_that_does_not_listen_holds_up_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::to(path.as_os_str()).unwrap();
        let (sender, is_done) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            // More than any queue takes.
            for _ in 0..10_000 {
                notifier.ready("busy");
            }
            sender.send(notifier).unwrap();
        });
        let notifier = is_done.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(heard(&listener), "READY=1\nSTATUS=busy");
        drop(listener);
        notifier.stopping();
        Notifier::to_nobody().stopping();
    }
}
