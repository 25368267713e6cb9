//! What packages install beside the program: the manual page, and what shells need to complete a command line.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::Agent;

/// Prints `what` into a file of the agent's home.
#[track_caller]
fn printed(agent: &Agent, what: &[&str]) -> PathBuf {
    let run = agent.run(what);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let path = agent.home().join(what.join("-"));
    fs::write(&path, run.stdout).unwrap();
    path
}

/// Runs a checker that has nothing to say; `None` where it is not installed.
#[track_caller]
fn approves(checker: &str, arguments: &[&str], file: &PathBuf) -> Option<String> {
    let run = Command::new(checker)
        .args(arguments)
        .arg(file)
        .env("LC_ALL", "C.UTF-8")
        .env("MANWIDTH", "100")
        .output()
        .ok()?;
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.success() && said.is_empty(), "{checker}: {said}");
    Some(String::from_utf8(run.stdout).unwrap())
}

#[test]
fn the_manual_page_has_what_a_person_looks_for() {
    let agent = Agent::new();
    let page = printed(&agent, &["man"]);
    let text = fs::read_to_string(&page).unwrap().replace('\\', "");
    for wanted in [
        "fB--prometheus-urlfR fI<URL>fR",
        ".SS \"verify [OPTIONS]\"",
        ".SS \"config init\"",
        "fB--sincefR fI<DAY>fR",
        "enable: Add the agent to it",
        ".SH \"EXIT STATUS\"\n.TP\nfB0fR\n",
        "fBLOG_LEVELfR",
        "fBMIN_DATAfR\nThe setting min-data.",
        ".SH FILES",
        "aw-sync-agent-testing.toml",
        ".SH EXAMPLES\n.TP\nfBaw-sync-agentfR\nsync every five minutes",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    // A flag of every command is explained once.
    assert_eq!(text.matches("fB--cronfR").count(), 1);
}

#[test]
fn the_manual_page_is_good_roff() {
    let agent = Agent::new();
    let page = printed(&agent, &["man"]);
    if let Some(text) = approves("man", &["--warnings", "-l"], &page) {
        assert!(text.contains("trying again is of no use"), "{text}");
    }
    approves("mandoc", &["-Tlint", "-Werror"], &page);
}

#[test]
fn shells_take_their_completions() {
    let agent = Agent::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&agent, &["completions", shell]);
        let text = fs::read_to_string(&script).unwrap();
        assert!(text.contains("prometheus-url"), "{shell}: {text}");
        if ["bash", "fish", "zsh"].contains(&shell) {
            approves(shell, &["-n"], &script);
        }
    }
}

#[test]
fn bash_completes_commands_and_flags() {
    let agent = Agent::new();
    let script = printed(&agent, &["completions", "bash"]);
    let complete = |line: &str| {
        let program = r#"
. "$1"; COMP_WORDS=($2); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
function=$(complete -p aw-sync-agent | sed 's/.*-F \([^ ]*\).*/\1/')
"$function" aw-sync-agent "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
echo "${COMPREPLY[*]}"
"#;
        let run = Command::new("bash")
            .args(["--norc", "-c", program, "bash"])
            .arg(&script)
            .arg(line)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(run.stderr).unwrap(), "");
        String::from_utf8(run.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete("aw-sync-agent ver"), "verify");
    assert_eq!(complete("aw-sync-agent verify --si"), "--since");
    assert_eq!(complete("aw-sync-agent autostart en"), "enable");
    assert_eq!(complete("aw-sync-agent --prom"), "--prometheus-url");
}

#[test]
fn a_disk_that_is_full_is_an_error_and_no_panic() {
    let agent = Agent::new();
    for what in [&["man"][..], &["completions", "bash"]] {
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"exec "$@" >/dev/full"#, "sh"]);
        let run = agent.run_under(shell, what);
        assert_eq!(run.code, Some(4), "{what:?}: {}", run.stderr);
        let problem = "aw-sync-agent: No space left on device (os error 28)\n";
        assert_eq!(run.stderr, problem);
    }
}
