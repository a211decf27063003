//! The directory.

use std::fs;
use std::path::{Path, PathBuf};

use cluster_leader::Observer;
use rustix::fs::{Access, FlockOperation, Mode, OFlags};

use super::Report;

pub(super) fn check(observer: &Observer, election: &str, report: &mut Report) {
    let place = observer.place();
    let directory = Path::new(place.strip_prefix("directory ").unwrap_or(&place));
    if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
        report.find(
            format!(
                "this is a pod, and elects on files in {}: only containers that share it take part",
                place
            ),
            "unset CLUSTER_LEADER_STORE, or set it to kubernetes",
        );
    }
    let existing = directory.ancestors().find(|it| it.exists()).unwrap_or(directory);
    if rustix::fs::access(existing, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        report.find(
            format!("{} may not be written to by this user", existing.display()),
            format!(
                "make it this user's (`install -d -m 700 -o \"$USER\" {}`), or name another directory with \
                 CLUSTER_LEADER_STORE=file:DIR",
                directory.display()
            ),
        );
    }
    let standing = standing(directory, election);
    report.note(match standing.len() {
        0 => format!("nobody stands in {election} on this machine now"),
        1 => format!("1 process stands in {election} on this machine"),
        many => format!("{many} processes stand in {election} on this machine"),
    });
    let mut names: Vec<&str> = standing.iter().filter_map(|it| Some(it.rsplit_once('_')?.0)).collect();
    names.sort_unstable();
    let twice = names.windows(2).find_map(|pair| match pair {
        [one, other] if one == other => Some(*one),
        _ => None,
    });
    if let Some(name) = twice {
        report.find(
            format!("several processes stand in {election} as {name:?}: nobody can tell from a name which of them leads"),
            "give each a name of its own with CLUSTER_LEADER_INSTANCE_NAME",
        );
    }
}

/// The identities that somebody stands with: each keeps a file locked.
fn standing(directory: &Path, election: &str) -> Vec<String> {
    let prefix = format!("{election}.");
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.strip_prefix(&prefix)?.strip_suffix(".holder")?.to_owned();
            is_locked(&path).then_some(name)
        })
        // An election whose name goes on where this one's ends.
        .filter(|identity| !identity.contains('.'))
        .collect()
}

fn is_locked(path: &PathBuf) -> bool {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let Ok(file) = rustix::fs::open(path, flags, Mode::empty()) else { return false };
    // A shared one is in nobody's way for longer than this file is open.
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
}
