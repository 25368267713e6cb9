//! `completions`: what a shell needs to complete a command line.

use std::io::{self, Write};

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::cli::Cli;

/// Prints the completions of `shell`.
///
/// # Errors
/// Those of `out`.
pub fn print(shell: Shell, out: &mut impl Write) -> io::Result<()> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // Into memory first: a closed output would make the generator panic.
    let mut script = Vec::new();
    if shell == Shell::Bash {
        // Of a program with a hyphen in its name it completes no flag of a command (clap issue 6421), so it is given
        // another name, and the program is named where it registers the function.
        let other = name.replace('-', "_");
        generate(shell, &mut command, &other, &mut script);
        let registered = (format!(" {other}\n"), format!(" {name}\n"));
        let text = String::from_utf8_lossy(&script).replace(&registered.0, &registered.1);
        return out.write_all(text.as_bytes());
    }
    generate(shell, &mut command, name, &mut script);
    out.write_all(&script)
}
