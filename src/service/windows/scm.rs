//! The service control manager of this machine.

use std::io;
use std::time::Duration;

use windows_service::Error;
use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceErrorControl, ServiceExitCode,
    ServiceFailureActions, ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState,
    ServiceType,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

use super::manager::{Installed, Launch, Manager, State};
use super::{ALREADY_RUNNING, NOT_INSTALLED, NOT_RUNNING};

/// After a crash it is started again; one that ends by itself has said why and stays as it is.
const RESTART_DELAY: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_hours(24);

/// The one that runs this machine's services.
#[derive(Debug)]
pub struct Scm;

impl Manager for Scm {
    fn find(&self, name: &str) -> io::Result<Option<Installed>> {
        let rights = ServiceAccess::QUERY_CONFIG | ServiceAccess::QUERY_STATUS;
        let service = match open(name, rights) {
            Err(error) if is(&error, NOT_INSTALLED) => return Ok(None),
            result => result?,
        };
        let config = service.query_config().map_err(system)?;
        let status = service.query_status().map_err(system)?;
        let state = match status.current_state {
            ServiceState::Stopped => State::Stopped {
                code: match status.exit_code {
                    ServiceExitCode::Win32(code) | ServiceExitCode::ServiceSpecific(code) => code,
                },
            },
            ServiceState::Running => State::Running {
                process: status.process_id,
            },
            _ => State::Pending,
        };
        Ok(Some(Installed {
            command_line: config.executable_path.to_string_lossy().into_owned(),
            state,
        }))
    }

    fn put(&self, name: &str, launch: &Launch) -> io::Result<()> {
        let info = ServiceInfo {
            name: name.into(),
            display_name: launch.title.clone().into(),
            service_type: ServiceType::OWN_PROCESS,
            start_type: ServiceStartType::AutoStart,
            error_control: ServiceErrorControl::Normal,
            executable_path: launch.program.clone(),
            launch_arguments: launch.arguments.iter().map(Into::into).collect(),
            dependencies: Vec::new(),
            account_name: Some(launch.account.clone().into()),
            account_password: None,
        };
        // The right to start it is that to have it restarted.
        let rights = ServiceAccess::CHANGE_CONFIG | ServiceAccess::START;
        let service = match open(name, rights) {
            Ok(service) => {
                service.change_config(&info).map_err(system)?;
                service
            }
            Err(error) if is(&error, NOT_INSTALLED) => {
                let manager = manager(ServiceManagerAccess::CREATE_SERVICE)?;
                manager.create_service(&info, rights).map_err(system)?
            }
            Err(error) => return Err(error),
        };
        service
            .set_description(&launch.description)
            .map_err(system)?;
        let restart = ServiceAction {
            action_type: ServiceActionType::Restart,
            delay: RESTART_DELAY,
        };
        let failures = ServiceFailureActions {
            reset_period: ServiceFailureResetPeriod::After(DAY),
            reboot_msg: None,
            command: None,
            actions: Some(vec![restart; 3]),
        };
        service.update_failure_actions(failures).map_err(system)
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        open(name, ServiceAccess::DELETE)?.delete().map_err(system)
    }

    fn start(&self, name: &str) -> io::Result<()> {
        let started = open(name, ServiceAccess::START)?.start::<&str>(&[]);
        unless(started.map_err(system), ALREADY_RUNNING)
    }

    fn stop(&self, name: &str) -> io::Result<()> {
        let stopped = open(name, ServiceAccess::STOP)?.stop();
        unless(stopped.map(drop).map_err(system), NOT_RUNNING)
    }
}

fn manager(rights: ServiceManagerAccess) -> io::Result<ServiceManager> {
    ServiceManager::local_computer(None::<&str>, rights).map_err(system)
}

fn open(name: &str, rights: ServiceAccess) -> io::Result<Service> {
    let manager = manager(ServiceManagerAccess::CONNECT)?;
    manager.open_service(name, rights).map_err(system)
}

/// The system's own error in one of the crate's.
fn system(error: Error) -> io::Error {
    match error {
        Error::Winapi(error) => error,
        other => io::Error::other(other),
    }
}

fn is(error: &io::Error, code: i32) -> bool {
    error.raw_os_error() == Some(code)
}

/// Takes the error `code` for success.
fn unless(result: io::Result<()>, code: i32) -> io::Result<()> {
    result.or_else(|error| if is(&error, code) { Ok(()) } else { Err(error) })
}
