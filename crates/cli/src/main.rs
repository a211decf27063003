//! The command `cluster-leader`.
//!
//! | file | what |
//! |---|---|
//! | `args.rs`, `exit.rs` | the command line, the exit codes |
//! | `serve` | answers over HTTP who leads: in place of a leader-elector sidecar |
//! | `run` | runs a command while this process leads |
//! | `status.rs`, `watch.rs`, `step_down.rs` | who leads, from now on too; asks for another leader |
//! | `doctor`, `manifest.rs` | what is wrong and what would help; what Kubernetes must be told |
//! | `pages.rs` | completions and man pages |
//! | `seen.rs`, `print.rs` | a record as people and programs are told of it; tables, JSON, colours |
//!
//! Exit codes: 0, all went well; 1, it could not be done; 2, the command line or the configuration is wrong; 3, what
//! was looked at is not well; 4, what was awaited did not happen in time.
//! `run` ends as its command does, or with 125, 126 or 127 where there was none.

mod args;
mod doctor;
mod exit;
mod manifest;
mod pages;
mod print;
mod run;
mod seen;
mod serve;
mod status;
mod step_down;
mod watch;

use std::process::ExitCode;

use clap::Parser;
use tracing::Level;

use crate::args::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(&cli);
    let done = match cli.command {
        Command::Serve(arguments) => serve::serve(&cli.settings, &arguments),
        Command::Run(arguments) => run::run(&cli.settings, &arguments),
        Command::Status(arguments) => status::status(&cli.settings, cli.output, &arguments),
        Command::Watch(arguments) => watch::watch(&cli.settings, cli.output, &arguments),
        Command::StepDown(arguments) => step_down::step_down(&cli.settings, cli.output, &arguments),
        Command::Doctor(arguments) => doctor::doctor(&cli.settings, cli.output, &arguments),
        Command::Manifest(arguments) => manifest::manifest(&cli.settings, cli.output, &arguments),
        Command::Completions(arguments) => pages::completions(&arguments),
        Command::Man(arguments) => pages::man(&arguments),
        Command::Exec { parent, command } => Err(run::exec(parent, &command)),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            print::tell(&format!("cluster-leader: {}", failure.message));
            failure.into()
        }
    }
}

/// On standard error: what is said of the data on standard output is no part of it.
fn start_log(cli: &Cli) {
    let level = match cli.command {
        _ if cli.output.verbose => Level::DEBUG,
        Command::Serve(_) | Command::Run(_) => Level::INFO,
        // It says itself what else would be a warning.
        Command::Doctor(_) => Level::ERROR,
        _ => Level::WARN,
    };
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).with_max_level(level).init();
}
