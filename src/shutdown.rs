//! When the process has to end: it is told to, or whoever started it has ended.

use crate::launcher::Parent;

/// Is ready once the process is asked to end, or the launcher that started it has ended.
pub async fn requested(launcher: Option<Parent>) {
    let launcher_ended = async {
        match launcher {
            Some(launcher) => launcher.ended().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = asked_to_stop() => {}
        () = launcher_ended => {}
    }
}

/// Is ready once the process is asked to end.
#[cfg(unix)]
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be handled");
    let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be handled");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Is ready once the process is asked to end: by the keyboard, or by the end of its console, of the session or of Windows,
/// which wait some seconds for it.
#[cfg(windows)]
async fn asked_to_stop() {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};

    let handled = "the system takes handlers";
    let mut interrupt = ctrl_c().expect(handled);
    let mut break_key = ctrl_break().expect(handled);
    let mut close = ctrl_close().expect(handled);
    let mut logoff = ctrl_logoff().expect(handled);
    let mut shutdown = ctrl_shutdown().expect(handled);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = break_key.recv() => {}
        _ = close.recv() => {}
        _ = logoff.recv() => {}
        _ = shutdown.recv() => {}
    }
}
