//! Removing what dead processes have left behind.

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, FlockOperation};

use super::directory::{Locked, file_there, open_to_look, try_lock};
use super::file_id::FileId;
use super::holder;

/// Removes this election's files that no living process keeps locked: those of holders, but for
/// the file called `keep` (the record's holder's, which others may need for their proof), and
/// records that never took their place.
///
/// Holders' files are created under the same lock on the directory, so none is met half-made. A record
/// that is not locked yet may be: whoever writes it notices and makes another.
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
    let Some(id) = abandoned(&fd) else { return };
    if file_there(&path) == Ok(id) {
        match rustix::fs::unlinkat(locked.directory(), name, AtFlags::empty()) {
            Ok(()) => tracing::debug!("{}: removed: its process is gone", path.display()),
            Err(error) => tracing::debug!("{}: removing failed: {error}", path.display()),
        }
    }
}

fn abandoned(fd: &OwnedFd) -> Option<FileId> {
    try_lock(fd, FlockOperation::NonBlockingLockExclusive).ok()?;
    rustix::fs::fstat(fd).ok().map(|stat| FileId::of(&stat))
}

/// Exactly the names that [`Directory::temporary`](super::directory::Directory::temporary) gives.
fn is_temporary_of(name: &str, election: &str) -> bool {
    name.strip_prefix('.')
        .and_then(|rest| rest.strip_prefix(election))
        .and_then(|rest| rest.strip_prefix('.'))
        .and_then(|rest| rest.strip_suffix(".tmp"))
        .is_some_and(|random| random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
