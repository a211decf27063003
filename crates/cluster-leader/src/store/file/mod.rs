//! The record in a file: for the processes of one machine.
//!
//! Everything lives in one directory:
//!
//! | file | what |
//! |---|---|
//! | `<election>.json` | the record, a Lease as JSON, only ever replaced as a whole |
//! | `<election>.<identity>.holder` | locked by the process that stands with this identity |
//! | `.<election>.<random>.tmp` | a record about to take its place |
//!
//! A write is decided on a version, written and synced beside the record, and moved into its
//! place under a lock on the directory, if the record is still the one it was decided on. Killing
//! the process at any instruction leaves the old record or the new one.
//!
//! # What is synced, and what for
//!
//! What a process has written outlives it; syncing is for the machine that loses its power. No claim
//! depends on it: whoever had one has died with the machine.
//!
//! * The record's file, before it is moved into its place: or the name might reach the disk before the
//!   content, and an empty record would stop the election until somebody removes it (G8).
//! * The directory, after that and before the write is acknowledged: or a token might be forgotten that
//!   was handed out, and given again where the wall clock steps back meanwhile (G6).
//!
//! The directories above one that was just made are not synced: should it be lost, that is as if it had
//! been removed. A sync may take long beside others that write, and the election's thread waits for it:
//! a leader whose disk stands still for half its renew deadline loses its lease, and says no in time.
//!
//! A directory that is removed while an election runs counts as the removal of its record: reads
//! find none, the watch breaks, and the next create makes the directory anew.

mod content;
mod directory;
mod file_id;
mod file_system;
mod holder;
mod problem;
mod store;
mod sweep;
#[cfg(test)]
mod tests;
mod watch;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::Error;
use directory::Directory;
pub(crate) use store::FileStore;

/// Where one election's record is kept.
#[derive(Clone, Debug)]
pub(crate) struct FilePlace {
    directory: PathBuf,
    election: String,
    /// Children of this process keep the holder's file locked, too.
    pub(crate) holder_lock_is_inherited: bool,
}

impl FilePlace {
    /// The names of an election's other files are longer than its own by less than 75 bytes, and
    /// a file system takes 255.
    const LONGEST_ELECTION: usize = 180;

    /// The election's record in `directory`, which is created if it is missing.
    ///
    /// # Errors
    /// [`Error::Store`] if the directory cannot be created or written to, if it is not on a local
    /// file system, or if the election's name is not fit for a file's.
    pub(crate) fn new(directory: &Path, election: &str) -> Result<Self, Error> {
        check_name(election).map_err(Error::Store)?;
        let directory = std::path::absolute(directory).map_err(|error| {
            Error::Store(format!(
                "{}: cannot be made an absolute path: {error}. Name the directory with an absolute path",
                directory.display()
            ))
        })?;
        let place = Self { directory, election: election.to_owned(), holder_lock_is_inherited: false };
        let opened = Directory::create(&place.directory).map_err(|problem| Error::Store(problem.message))?;
        opened.check_writable(&place.election).map_err(|problem| Error::Store(problem.message))?;
        Ok(place)
    }

    /// A place to look at, which need not be there.
    ///
    /// # Errors
    /// [`Error::Store`] if the election's name is not fit for a file's.
    pub(crate) fn to_look_at(directory: &Path, election: &str) -> Result<Self, Error> {
        check_name(election).map_err(Error::Store)?;
        let (directory, election) = (directory.to_owned(), election.to_owned());
        Ok(Self { directory, election, holder_lock_is_inherited: false })
    }

    /// The elections that there are records of in `directory`, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Unanswered`] if it cannot be read.
    pub(crate) fn elections_in(directory: &Path) -> Result<Vec<String>, Error> {
        let entries = match std::fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(Error::Unanswered(format!("{}: cannot be read: {error}", directory.display())));
            }
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut elections: Vec<_> = names
            .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
            .filter(|election| check_name(election).is_ok())
            .collect();
        elections.sort_unstable();
        Ok(elections)
    }

    /// Where the record is, for people.
    pub(crate) fn describe(&self) -> String {
        format!("file {}", self.record_path().display())
    }

    /// The store. It must be used within a tokio runtime with I/O and time.
    pub(crate) fn open(&self) -> FileStore {
        FileStore::new(self.clone())
    }

    fn record_name(&self) -> String {
        format!("{}.json", self.election)
    }

    fn record_path(&self) -> PathBuf {
        self.directory.join(self.record_name())
    }
}

/// The directory for elections of this user: `$XDG_STATE_HOME/cluster-leader`, else
/// `$HOME/.local/state/cluster-leader`. `None` if neither variable names an absolute path; others
/// are to be ignored, says the XDG Base Directory Specification.
pub(crate) fn default_directory(lookup: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name| lookup(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/state")))
        .map(|state| state.join("cluster-leader"))
}

/// Whatever was checked elsewhere: no name leads out of the directory or hides in it.
fn check_name(election: &str) -> Result<(), String> {
    let problem = if election.len() > FilePlace::LONGEST_ELECTION {
        format!(
            "has {} characters, and file names leave room for {}",
            election.len(),
            FilePlace::LONGEST_ELECTION
        )
    } else if !election.starts_with(|first: char| first.is_ascii_alphanumeric())
        || !election.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.'))
    {
        "is not made of letters, digits, '-' and '.', with a letter or a digit first".to_owned()
    } else {
        return Ok(());
    };
    Err(format!("the election {election:?} cannot name a file: it {problem}. Give the election another name"))
}
