//! The file that a process keeps locked while it stands with an identity: once the kernel has
//! released the lock, the process is gone.
//!
//! Proof needs all of this, and less is none:
//! * the record names its holder's file by device and inode, written by the holder itself while
//!   it kept the file open, so that as long as it lives no other file can have the two;
//! * the file still has its name: a holder that merely stops standing removes it *before* it
//!   closes it;
//! * its lock can be had.
//!
//! A forked child that keeps the file open keeps it locked: no proof until it is gone too.

use std::path::{Path, PathBuf};

use election::Identity;
use rustix::fd::OwnedFd;
use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use super::directory::{FILE_MODE, Locked, file_there, open_to_look, try_lock};
use super::file_id::FileId;
use super::problem::refused;
use crate::store::StoreError;

const SUFFIX: &str = ".holder";

/// An identity's end holds its random suffix, and is all of it that a file name has room for.
const LONGEST_IDENTITY: usize = 60;

/// The name of a holder's file.
pub(super) fn file_name(election: &str, holder: &Identity) -> String {
    format!("{election}.{}{SUFFIX}", escaped(holder.as_str()))
}

/// The election that a file of this name belongs to, if it is a holder's.
pub(super) fn election_of(file_name: &str) -> Option<&str> {
    let (election, _) = file_name.strip_suffix(SUFFIX)?.rsplit_once('.')?;
    Some(election)
}

/// Letters, digits, `-` and `_` as they are; all else, dots too, as `%` and two digits.
fn escaped(identity: &str) -> String {
    let mut escaped = String::new();
    for byte in identity.bytes() {
        match char::from(byte) {
            plain @ ('a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_') => escaped.push(plain),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped.split_off(escaped.len().saturating_sub(LONGEST_IDENTITY))
}

/// Our own file, locked for as long as this value lives.
#[derive(Debug)]
pub(super) struct HolderLock {
    identity: Identity,
    path: PathBuf,
    id: FileId,
    fd: Option<OwnedFd>,
}

impl HolderLock {
    /// Creates and locks the file of `identity`.
    pub(super) fn take(locked: &Locked<'_>, election: &str, identity: &Identity) -> Result<Self, StoreError> {
        let directory = locked.directory();
        let name = file_name(election, identity);
        let path = directory.path().join(&name);
        // Open for writing, so that its closing is told from that of whoever looks at it.
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let fd = rustix::fs::openat(directory, &name, flags, FILE_MODE)
            .map_err(|error| refused("creating the holder's file", &path, error))?;
        match try_lock(&fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(StoreError::refused(format!(
                    "{}: is locked: somebody else stands in this election as {identity}. Was this process copied \
                     while it ran? Start it anew",
                    path.display()
                )));
            }
            Err(error) => return Err(refused("locking the holder's file", &path, error)),
        }
        let stat = rustix::fs::fstat(&fd).map_err(|error| refused("fstat", &path, error))?;
        Ok(Self { identity: identity.clone(), path, id: FileId::of(&stat), fd: Some(fd) })
    }

    pub(super) const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The file to name in records: `None` if somebody removed it. Where that cannot be told it is
    /// named all the same: without its name it proves nothing.
    pub(super) fn id(&self) -> Option<FileId> {
        match file_there(&self.path) {
            Ok(there) if there != self.id => None,
            Err(Errno::NOENT | Errno::NOTDIR) => None,
            Ok(_) | Err(_) => Some(self.id),
        }
    }

    /// Has programs that are started from now on keep the file locked until they have ended.
    pub(super) fn bequeath(&self) -> Result<(), StoreError> {
        let Some(fd) = &self.fd else { return Ok(()) };
        rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::empty())
            .map_err(|error| refused("leaving the holder's file open to children", &self.path, error))
    }
}

impl Drop for HolderLock {
    /// Removes the file before the lock goes: ceasing to stand is no death.
    fn drop(&mut self) {
        let removed = match file_there(&self.path) {
            Ok(there) if there == self.id => rustix::fs::unlink(&self.path),
            Ok(_) => Ok(()), // somebody removed it, and this is another
            Err(error) => Err(error),
        };
        match removed {
            Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => {}
            Err(error) => {
                tracing::warn!(
                    "{}: removing failed: {error}. It stays locked until this process ends",
                    self.path.display()
                );
                std::mem::forget(self.fd.take());
            }
        }
    }
}

/// Whether the process that kept `file` locked for `holder` is gone.
pub(super) fn is_proven_dead(directory: &Path, election: &str, holder: &Identity, file: FileId) -> bool {
    let path = directory.join(file_name(election, holder));
    open_to_look(&path).is_ok_and(|opened| shows_death(&opened, &path, file))
}

/// The three of the proof, on the file opened under its name.
pub(super) fn shows_death(opened: &OwnedFd, path: &Path, file: FileId) -> bool {
    rustix::fs::fstat(opened).is_ok_and(|stat| FileId::of(&stat) == file)
        && try_lock(opened, FlockOperation::NonBlockingLockShared).is_ok()
        // Looked at only now: whoever lives removes the name before it lets go of the lock.
        && file_there(path) == Ok(file)
}
