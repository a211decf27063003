//! Completions for shells, and man pages.

use std::path::PathBuf;
use std::{fs, io};

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Cli;
use crate::exit::{self, Failure};
use crate::print::print;

/// Prints completions for a shell
///
///   bash: cluster-leader completions bash > ~/.local/share/bash-completion/completions/cluster-leader
///   zsh:  cluster-leader completions zsh  > a directory of $fpath/_cluster-leader
///   fish: cluster-leader completions fish > ~/.config/fish/completions/cluster-leader.fish
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the man page, or writes all of them into a directory
#[derive(Args, Debug)]
pub(crate) struct ManPages {
    /// Writes cluster-leader.1, and one for each command
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(crate) fn completions(arguments: &Completions) -> Result<u8, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "cluster-leader", &mut text);
    print(&String::from_utf8_lossy(&text))?;
    Ok(exit::OK)
}

pub(crate) fn man(arguments: &ManPages) -> Result<u8, Failure> {
    // `help` explains the others; a page of its own for each of its arguments would not.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    match &arguments.directory {
        Some(directory) => {
            fs::create_dir_all(directory)
                .and_then(|()| clap_mangen::generate_to(command, directory))
                .map_err(|error| {
                    Failure::new(format!(
                        "--directory: {}: cannot be written to: {error}",
                        directory.display()
                    ))
                })?;
        }
        None => {
            let page = page(command).map_err(|error| Failure::new(format!("the page: {error}")))?;
            print(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(exit::OK)
}

fn page(command: clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}
