use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;

use super::*;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn program(&self, path: &str, mode: u32) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn dirs(&self) -> Dirs {
        Dirs::below(self.path())
    }

    fn variable(&self) -> OsString {
        let directories = ["/nowhere".into(), self.path().join("bin")];
        std::env::join_paths(directories).unwrap()
    }

    fn search(&self, launcher: Launcher) -> Search {
        let home = Some(self.path().to_owned());
        Search::of(launcher, &self.dirs(), &self.variable(), home)
    }
}

#[test]
fn both_find_what_is_on_the_path_and_can_be_run() {
    for launcher in Launcher::ALL {
        let home = Home::new();
        home.program("bin/aw-sync-agent", 0o644);
        assert!(!home.search(launcher).finds_module());
        home.program("bin/aw-sync-agent", 0o755);
        assert!(home.search(launcher).finds_module());
        let suggestion = home.search(launcher).suggestion().unwrap();
        assert_eq!(suggestion, home.path().join("bin/aw-sync-agent"));
    }
}

#[test]
fn aw_tauri_looks_into_directories_of_its_own_and_those_below() {
    let home = Home::new();
    let modules = home.path().join("modules");
    home.program("config/aw-tauri/config.toml", 0o644);
    let settings = home.path().join("config/aw-tauri/config.toml");
    fs::write(settings, format!("discovery_paths = [{modules:?}]")).unwrap();
    home.program("modules/other/aw-sync-agent", 0o755);
    let search = || home.search(Launcher::AwTauri);
    assert!(!search().finds_module());
    assert_eq!(search().suggestion(), Some(modules.join("aw-sync-agent")));
    home.program("modules/aw-sync/aw-sync-agent", 0o755);
    assert!(search().finds_module());
    assert!(!home.search(Launcher::AwQt).finds_module());
    // A link in a circle ends somewhere.
    fs::remove_dir_all(modules.join("aw-sync")).unwrap();
    std::os::unix::fs::symlink(&modules, modules.join("aw-circle")).unwrap();
    assert!(!search().finds_module());
}

#[test]
fn aw_qt_finds_what_is_beside_it() {
    let home = Home::new();
    home.program("opt/aw-qt", 0o755);
    home.program("opt/aw-sync-agent", 0o755);
    let link = home.path().join("bin/aw-qt");
    fs::create_dir(home.path().join("bin")).unwrap();
    std::os::unix::fs::symlink(home.path().join("opt/aw-qt"), link).unwrap();
    assert!(home.search(Launcher::AwQt).finds_module());
    assert!(!home.search(Launcher::AwTauri).finds_module());
}

#[test]
fn a_launcher_is_present_with_its_settings_or_its_program() {
    for (launcher, settings) in [
        (Launcher::AwQt, "config/aw-qt/aw-qt.toml"),
        (Launcher::AwTauri, "config/aw-tauri/config.toml"),
    ] {
        let program = format!("bin/{launcher}");
        for file in [settings, &program] {
            let home = Home::new();
            let present = || launcher.is_present(&home.dirs(), &home.variable());
            assert!(!present());
            home.program(file, 0o755);
            assert!(present(), "{file}");
        }
    }
}
