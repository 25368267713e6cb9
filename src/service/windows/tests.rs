//! Against stand-ins for the service control manager and the programs that change rights, which are on Windows only.

use std::cell::RefCell;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::service::tool::write_program;

/// Writes down how it is called.
const TOOL: &str = r#"#!/bin/sh
printf '%s %s\n' "$(basename "$0")" "$*" >> "$(dirname "$0")/calls"
case $* in
    *forbidden*) echo 'Access is denied.'; exit 5 ;;
esac
"#;

/// A manager with at most one service, which needs some looks to start and to stop.
#[derive(Default)]
struct StandIn {
    installed: RefCell<Option<Installed>>,
    /// What it becomes, and after how many looks.
    becomes: RefCell<Option<(State, u32)>>,
    /// The code that each change fails with.
    fails: Option<i32>,
    /// How often it will not start anything yet.
    locked: RefCell<u32>,
    /// What the service ends with at once.
    ends: Option<u32>,
    stops: RefCell<u32>,
}

const STOPPED: State = State::Stopped { code: 0 };

impl StandIn {
    fn change(&self) -> io::Result<()> {
        self.fails
            .map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(code)))
    }

    fn there(&self) -> io::Result<()> {
        self.change()?;
        match *self.installed.borrow() {
            None => Err(io::Error::from_raw_os_error(NOT_INSTALLED)),
            Some(_) => Ok(()),
        }
    }

    /// It becomes `state` by and by, and until then is `meanwhile`, or what it is.
    fn turn(&self, meanwhile: Option<State>, state: State) {
        if let (Some(found), Some(meanwhile)) = (&mut *self.installed.borrow_mut(), meanwhile) {
            found.state = meanwhile;
        }
        self.becomes.replace(Some((state, 3)));
    }
}

impl Manager for &StandIn {
    fn find(&self, _name: &str) -> io::Result<Option<Installed>> {
        let mut installed = self.installed.borrow_mut();
        let mut becomes = self.becomes.borrow_mut();
        match (&mut *installed, &mut *becomes) {
            (Some(found), Some((state, 0))) => {
                found.state = *state;
                *becomes = None;
            }
            (Some(_), Some((_, looks))) => *looks -= 1,
            _ => {}
        }
        Ok(installed.clone())
    }

    fn put(&self, _name: &str, launch: &Launch) -> io::Result<()> {
        self.change()?;
        let words = launch.arguments.join(" ");
        let installed = Installed {
            command_line: format!("{} {words}", launch.program.display()),
            state: STOPPED,
        };
        self.installed.replace(Some(installed));
        Ok(())
    }

    fn delete(&self, _name: &str) -> io::Result<()> {
        self.there()?;
        self.installed.replace(None);
        Ok(())
    }

    fn start(&self, _name: &str) -> io::Result<()> {
        self.there()?;
        let mut locked = self.locked.borrow_mut();
        if *locked > 0 {
            *locked -= 1;
            return Err(io::Error::from_raw_os_error(LOCKED));
        }
        let state = match self.ends {
            Some(code) => State::Stopped { code },
            None => State::Running { process: Some(7) },
        };
        self.turn(Some(State::Pending), state);
        Ok(())
    }

    fn stop(&self, _name: &str) -> io::Result<()> {
        self.there()?;
        *self.stops.borrow_mut() += 1;
        self.turn(None, STOPPED);
        Ok(())
    }
}

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        for name in ["icacls", "sc"] {
            write_program(&home.path().join(name), TOOL);
        }
        fs::create_dir(home.path().join("settings")).unwrap();
        Self(home)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn service<'a>(&self, manager: &'a StandIn) -> Windows<&'a StandIn> {
        let profile = Profile {
            local: self.path("Local"),
            roaming: self.path("Roaming"),
        };
        let files = Files {
            own: vec![self.path("state"), self.path("log")],
            settings: vec![self.path("settings"), self.path("missing")],
        };
        let mut service = Windows::new(manager, profile, files, false);
        service.access = Access::of(self.path("icacls"), self.path("sc"));
        service
    }

    /// How the programs were called since the last look.
    fn calls(&self) -> String {
        let path = self.path("calls");
        let calls = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, "").unwrap();
        self.masked(calls.trim_end())
    }

    fn masked(&self, text: &str) -> String {
        text.replace(self.0.path().to_str().unwrap(), "HOME")
    }
}

fn program() -> &'static Path {
    Path::new("/agent.exe")
}

fn flags() -> Vec<String> {
    vec!["--cron=@hourly".to_owned()]
}

#[test]
fn the_service_gets_flags_directories_and_rights() {
    let (home, manager) = (Home::new(), StandIn::default());
    let service = home.service(&manager);
    assert!(service.install(program(), &flags()).unwrap());
    let (says, runs) = service.status().unwrap();
    assert!(!runs);
    insta::assert_snapshot!(home.masked(&says), @r"
    aw-sync-agent: stopped
    account: NT SERVICE\aw-sync-agent
    command: /agent.exe --cron=@hourly service run --local=HOME/Local --roaming=HOME/Roaming
    ");
    insta::assert_snapshot!(home.calls(), @r"
    icacls /agent.exe /grant:r NT SERVICE\aw-sync-agent:(RX) /q
    icacls HOME/settings /grant:r NT SERVICE\aw-sync-agent:(R) /q
    icacls HOME/state /grant:r NT SERVICE\aw-sync-agent:(OI)(CI)(M) /q
    icacls HOME/log /grant:r NT SERVICE\aw-sync-agent:(OI)(CI)(M) /q
    sc privs aw-sync-agent SeChangeNotifyPrivilege
    ");
    assert!(home.path("state").is_dir() && !home.path("missing").exists());

    assert!(!service.install(program(), &flags()).unwrap());
    assert!(service.install(program(), &[]).unwrap());
}

#[test]
fn it_is_started_stopped_and_removed() {
    let (home, manager) = (Home::new(), StandIn::default());
    let service = home.service(&manager);
    service.install(program(), &flags()).unwrap();
    manager.locked.replace(2);
    service.start().unwrap();
    let (says, runs) = service.status().unwrap();
    assert!(runs && says.starts_with("aw-sync-agent: running, process 7\n"));
    service.stop().unwrap();
    assert!(!service.status().unwrap().1);
    service.restart().unwrap();
    assert!(service.status().unwrap().1);

    home.calls();
    assert!(service.uninstall().unwrap());
    assert_eq!(*manager.stops.borrow(), 3);
    insta::assert_snapshot!(home.calls(), @r"
    icacls HOME/settings /remove:g NT SERVICE\aw-sync-agent /q
    icacls HOME/state /remove:g NT SERVICE\aw-sync-agent /q
    icacls HOME/log /remove:g NT SERVICE\aw-sync-agent /q
    ");
    assert!(!service.uninstall().unwrap());
    assert_eq!(
        service.status().unwrap(),
        ("aw-sync-agent: is not installed\n".to_owned(), false)
    );
}

#[test]
fn a_service_that_ends_at_once_has_not_been_started() {
    let home = Home::new();
    let manager = StandIn {
        ends: Some(2),
        ..StandIn::default()
    };
    let service = home.service(&manager);
    service.install(program(), &[]).unwrap();
    insta::assert_snapshot!(service.start().unwrap_err(), @r"
    `start aw-sync-agent` failed: it has ended with 2
    hint: `aw-sync-agent service logs` shows why
    ");
}

#[test]
fn that_of_another_user_is_left_alone() {
    let (home, manager) = (Home::new(), StandIn::default());
    let service = home.service(&manager);
    let other = Home::new();
    other.service(&manager).install(program(), &[]).unwrap();
    let before = manager.installed.borrow().clone();
    for result in [
        service.install(program(), &[]).map(drop),
        service.uninstall().map(drop),
    ] {
        assert!(matches!(result, Err(ServiceError::Foreign { .. })));
    }
    assert_eq!(*manager.installed.borrow(), before);
    assert_eq!(home.calls(), "");
}

#[test]
fn whoever_may_not_install_it_is_told_what_to_do() {
    let home = Home::new();
    let manager = StandIn {
        fails: Some(DENIED),
        ..StandIn::default()
    };
    let error = home.service(&manager).install(program(), &[]).unwrap_err();
    let ServiceError::Failed { hint, .. } = error else {
        panic!("{error}")
    };
    assert!(hint.unwrap().contains("Run as administrator"));
    assert_eq!(home.calls(), "");
}

#[test]
fn a_service_that_gets_no_rights_is_not_left_behind() {
    let (home, manager) = (Home::new(), StandIn::default());
    let service = home.service(&manager);
    let error = service.install(Path::new("/forbidden.exe"), &[]);
    let error = error.unwrap_err().to_string();
    assert!(error.ends_with("failed: Access is denied."), "{error}");
    assert_eq!(*manager.installed.borrow(), None);
}

#[test]
fn addresses_are_shown_without_their_passwords() {
    let cases = [
        (
            r#""C:\a b\agent.exe" --prometheus-url=http://ada:lovelace@desk.lan:9090 "--cron=* * * * *" service run"#,
            r#""C:\a b\agent.exe" --prometheus-url=http://***@desk.lan:9090 "--cron=* * * * *" service run"#,
        ),
        (
            r#"agent.exe "--aw-url=http://127.0.0.1:5600/a@b" --proxy=http://p@q@r"#,
            r#"agent.exe "--aw-url=http://127.0.0.1:5600/a@b" --proxy=http://***@r"#,
        ),
    ];
    for (command_line, shown) in cases {
        assert_eq!(super::masked(command_line), shown);
    }
}
