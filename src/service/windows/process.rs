//! The process that the service control manager has started, and what both tell each other.

use std::io;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{
    self, ServiceControlHandlerResult, ServiceStatusHandle,
};
use windows_service::{Error, define_windows_service, service_dispatcher};

use crate::service::{Notifier, ServiceError, name};

/// The manager does not look at the name of a service that has a process of its own.
const NAME: &str = name(false);

/// How long a start or a stop may take at most, as the manager is told.
const WAIT: Duration = Duration::from_secs(10);

/// `ERROR_FAILED_SERVICE_CONTROLLER_CONNECT`.
const STARTED_BY_HAND: i32 = 1063;

/// What the thread that the system starts hands over: it gets no arguments of ours.
static HANDOVER: Mutex<Option<mpsc::Sender<Handover>>> = Mutex::new(None);

type Handover = Result<Process, Error>;

define_windows_service!(entry, main_of_service);

/// This process, as the service.
#[derive(Debug)]
pub struct Process {
    reporter: Reporter,
    stops: UnboundedReceiver<()>,
    /// Its end is that of the system's thread.
    _thread: mpsc::Sender<()>,
}

/// Tells the manager how the service is.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) struct Reporter(ServiceStatusHandle);

impl Process {
    /// Tells the manager that the service is about to start, and listens to it.
    ///
    /// # Errors
    /// [`ServiceError::Failed`], most of all when it was not the manager that started this process.
    pub fn begin() -> Result<Self, ServiceError> {
        let (sender, handover) = mpsc::channel();
        if let Ok(mut place) = HANDOVER.lock() {
            *place = Some(sender);
        }
        let dispatcher = thread::spawn(|| {
            let result = service_dispatcher::start(NAME, entry);
            if let Ok(mut place) = HANDOVER.lock() {
                *place = None;
            }
            result
        });
        match handover.recv() {
            Ok(process) => process.map_err(|error| failed(&error)),
            Err(_) => Err(match dispatcher.join() {
                Ok(Err(error)) => failed(&error),
                _ => failed(&Error::Winapi(io::ErrorKind::BrokenPipe.into())),
            }),
        }
    }

    /// Returns what tells the manager how the daemon is.
    pub fn notifier(&self) -> Notifier {
        Notifier::to_manager(self.reporter)
    }

    /// Is ready once the service is told to stop, or Windows is about to shut down.
    pub async fn told_to_stop(&mut self) {
        if self.stops.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Tells the manager that the service has ended with `code`. The process ends soon after that by itself.
    pub fn end(self, code: u8) {
        let exit = match code {
            0 => ServiceExitCode::NO_ERROR,
            code => ServiceExitCode::ServiceSpecific(code.into()),
        };
        self.reporter.report(ServiceState::Stopped, exit);
    }
}

impl Reporter {
    pub(in crate::service) fn running(self) {
        self.report(ServiceState::Running, ServiceExitCode::NO_ERROR);
    }

    pub(in crate::service) fn stopping(self) {
        self.report(ServiceState::StopPending, ServiceExitCode::NO_ERROR);
    }

    fn report(self, state: ServiceState, exit_code: ServiceExitCode) {
        let is_pending = matches!(
            state,
            ServiceState::StartPending | ServiceState::StopPending
        );
        let status = ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted: if state == ServiceState::Running {
                // A service that is told before the shutdown is not told of it again.
                ServiceControlAccept::STOP | ServiceControlAccept::PRESHUTDOWN
            } else {
                ServiceControlAccept::empty()
            },
            exit_code,
            checkpoint: 0,
            wait_hint: if is_pending { WAIT } else { Duration::ZERO },
            process_id: None,
        };
        if let Err(error) = self.0.set_service_status(status) {
            log::debug!("the service control manager was not told {state:?}: {error}");
        }
    }
}

/// Runs on a thread of the system's until the service ends.
fn main_of_service(_arguments: Vec<std::ffi::OsString>) {
    let Some(sender) = HANDOVER.lock().ok().and_then(|mut place| place.take()) else {
        return;
    };
    let (end, ended) = mpsc::channel();
    let (stop, stops) = unbounded_channel();
    let handle = service_control_handler::register(NAME, move |control| answer(control, &stop));
    let process = handle.map(|handle| Process {
        reporter: Reporter(handle),
        stops,
        _thread: end,
    });
    if let Ok(process) = &process {
        process
            .reporter
            .report(ServiceState::StartPending, ServiceExitCode::NO_ERROR);
    }
    drop(sender.send(process));
    drop(sender);
    // Comes back once the other end is dropped.
    let _ended = ended.recv();
}

/// Answers the manager at once; the daemon tells it how the stop goes on.
fn answer(control: ServiceControl, stop: &UnboundedSender<()>) -> ServiceControlHandlerResult {
    match control {
        ServiceControl::Stop | ServiceControl::Preshutdown | ServiceControl::Shutdown => {
            // If nobody listens any more, it is stopping already.
            let _stopping = stop.send(());
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    }
}

fn failed(error: &Error) -> ServiceError {
    let (said, code) = match error {
        Error::Winapi(error) => (error.to_string(), error.raw_os_error()),
        other => (other.to_string(), None),
    };
    ServiceError::Failed {
        command: "service run".to_owned(),
        said,
        hint: (code == Some(STARTED_BY_HAND))
            .then_some("only Windows runs it so: `aw-sync-agent service start`"),
    }
}
