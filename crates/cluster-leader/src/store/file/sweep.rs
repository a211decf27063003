//! Removing what dead processes have left behind.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, FlockOperation};

use super::directory::{Locked, file_there, open_to_look};
use super::file_id::FileId;
use super::holder;

/// A file that was created just now may not be locked yet.
const TEMPORARY_IS_OLD: Duration = Duration::from_secs(60);

/// Removes this election's files that no living process keeps locked: those of holders, but for
/// the file called `keep` (the record's holder's, which others may need for their proof), and
/// records that never took their place.
///
/// Holders' files are created under the same lock on the directory, so none is met half-made.
/// What cannot be removed is left for the next time.
pub(super) fn sweep(locked: &Locked<'_>, election: &str, keep: Option<&str>) {
    let entries = match Dir::read_from(locked.directory()) {
        Ok(entries) => entries,
        Err(error) => {
            tracing::debug!("{}: listing it failed: {error}", locked.directory().path().display());
            return;
        }
    };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().to_str() else { continue };
        let ours = match holder::election_of(name) {
            Some(theirs) => theirs == election && keep != Some(name),
            None => is_temporary_of(name, election),
        };
        if ours {
            remove_if_abandoned(locked, name);
        }
    }
}

fn remove_if_abandoned(locked: &Locked<'_>, name: &str) {
    let path = locked.directory().path().join(name);
    let Ok(fd) = open_to_look(&path) else { return };
    let Some(id) = abandoned(&fd, name) else { return };
    if file_there(&path) == Ok(id) {
        match rustix::fs::unlinkat(locked.directory(), name, AtFlags::empty()) {
            Ok(()) => tracing::debug!("{}: removed: its process is gone", path.display()),
            Err(error) => tracing::debug!("{}: removing failed: {error}", path.display()),
        }
    }
}

fn abandoned(fd: &OwnedFd, name: &str) -> Option<FileId> {
    let stat = rustix::fs::fstat(fd).ok()?;
    if name.starts_with('.') {
        let written = UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(stat.st_mtime).ok()?))?;
        if SystemTime::now().duration_since(written).ok()? < TEMPORARY_IS_OLD {
            return None;
        }
    }
    rustix::fs::flock(fd, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(FileId::of(&stat))
}

/// Exactly the names that [`Directory::temporary`](super::directory::Directory::temporary) gives.
fn is_temporary_of(name: &str, election: &str) -> bool {
    name.strip_prefix('.')
        .and_then(|rest| rest.strip_prefix(election))
        .and_then(|rest| rest.strip_prefix('.'))
        .and_then(|rest| rest.strip_suffix(".tmp"))
        .is_some_and(|random| random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
