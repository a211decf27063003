//! What to tell people when the operating system refuses something.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::store::StoreError;

/// The attempt had no effect: what was tried, on what, what came back, and what would help.
pub(super) fn refused(tried: &str, path: &Path, error: impl Into<io::Error>) -> StoreError {
    StoreError::refused(text(tried, path, &error.into()))
}

/// As [`refused`], where the attempt may have had its effect all the same.
pub(super) fn unknown(tried: &str, path: &Path, error: impl Into<io::Error>) -> StoreError {
    StoreError::unknown(text(tried, path, &error.into()))
}

fn text(tried: &str, path: &Path, error: &io::Error) -> String {
    format!("{}: {tried} failed: {error}. {}", path.display(), fix(error))
}

fn fix(error: &io::Error) -> &'static str {
    use io::ErrorKind;
    match error.kind() {
        _ if Errno::from_io_error(error) == Some(Errno::MFILE) => {
            "This process has as many files open as it may: see what keeps them open, or raise the limit (ulimit -n)"
        }
        _ if Errno::from_io_error(error) == Some(Errno::NFILE) => {
            "This machine has as many files open as it may: raise the limit fs.file-max (sysctl)"
        }
        ErrorKind::FileTooLarge => {
            "This process may not write files of even a few kilobytes: raise the limit (ulimit -f)"
        }
        ErrorKind::PermissionDenied => {
            "Let this user read and write the directory, or choose another with CLUSTER_LEADER_STORE=file:DIR"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "The file system is mounted read-only: choose a directory on another with CLUSTER_LEADER_STORE=file:DIR"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "Make room there, for a few kilobytes and a few files, or choose another with \
             CLUSTER_LEADER_STORE=file:DIR"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "A part of this path is not a directory: choose another with CLUSTER_LEADER_STORE=file:DIR"
        }
        _ => "Check the directory, or choose another with CLUSTER_LEADER_STORE=file:DIR",
    }
}
