//! The command `cluster-leader`.
//!
//! | file | what |
//! |---|---|
//! | `args.rs`, `exit.rs` | the command line, the exit codes |
//! | `serve` | answers over HTTP who leads: in place of a leader-elector sidecar |
//! | `run` | runs a command while this process leads |
//!
//! Exit codes: 0, all went well; 1, it could not be done; 2, the command line or the configuration is wrong.
//! `run` ends as its command does, or with 125, 126 or 127 where there was none.

mod args;
mod exit;
mod run;
mod serve;

use std::process::ExitCode;

use clap::Parser;
use tracing::Level;

use crate::args::{Cli, Command};
use crate::exit::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(&cli);
    let done = match cli.command {
        Command::Serve(arguments) => serve::serve(&cli.settings, &arguments),
        Command::Run(arguments) => run::run(&cli.settings, &arguments),
        Command::Exec { parent, command } => Err(run::exec(parent, &command)),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            say_why(&failure);
            failure.into()
        }
    }
}

/// On standard error: what is said of the data on standard output is no part of it.
fn start_log(cli: &Cli) {
    let level = match cli.command {
        _ if cli.output.verbose => Level::DEBUG,
        Command::Serve(_) | Command::Run(_) => Level::INFO,
        Command::Exec { .. } => Level::WARN,
    };
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).with_max_level(level).init();
}

fn say_why(failure: &Failure) {
    use std::io::Write;
    // Where nobody listens any more, nobody misses it.
    drop(writeln!(std::io::stderr(), "cluster-leader: {}", failure.message));
}
