//! The file store, file by file of what it promises.

mod child;
mod damage;
mod death;
mod guards;
mod leftovers;
mod place;
mod races;
mod watching;

use std::fs::{self, File, Permissions};
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use election::{Identity, Record, WallTime};
use rustix::fs::IFlags;
use tempfile::TempDir;

use super::{FilePlace, FileStore};
use crate::store::{StoreError, StoreErrorKind};

/// Far longer than anything here takes, on however slow a machine.
const LONG: Duration = Duration::from_secs(60);

const ELECTION: &str = "billing-jobs";

/// A directory of its own for every test.
struct World {
    directory: TempDir,
}

impl World {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn place(&self) -> FilePlace {
        FilePlace::new(self.directory.path(), ELECTION).unwrap()
    }

    fn store(&self) -> FileStore {
        self.place().open()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn record_path(&self) -> PathBuf {
        self.path("billing-jobs.json")
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.record_path()).unwrap()).unwrap()
    }

    fn annotation(&self, name: &str) -> Option<String> {
        Some(self.json()["metadata"]["annotations"].get(name)?.as_str().unwrap().to_owned())
    }

    /// All names in the directory, in order.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A directory in which nobody can create or remove anything, until this is dropped.
struct Unwritable {
    directory: PathBuf,
    flags: IFlags,
}

impl Unwritable {
    /// `None`, having said so, where that cannot be had.
    fn make(directory: &Path) -> Option<Self> {
        let opened = File::open(directory).unwrap();
        let flags = rustix::fs::ioctl_getflags(&opened).unwrap_or(IFlags::empty());
        fs::set_permissions(directory, Permissions::from_mode(0o500)).unwrap();
        // root may write in spite of the mode, but not in spite of this.
        let immutable = rustix::fs::ioctl_setflags(&opened, flags | IFlags::IMMUTABLE);
        let unwritable = Self { directory: directory.to_owned(), flags };
        if fs::write(directory.join("probe"), "").is_err() {
            return Some(unwritable);
        }
        fs::remove_file(directory.join("probe")).unwrap();
        println!("SKIPPED: this user may write everywhere ({immutable:?})");
        None
    }
}

impl Drop for Unwritable {
    fn drop(&mut self) {
        let opened = File::open(&self.directory).unwrap();
        // Where it could not be set, it need not be unset.
        let _ = rustix::fs::ioctl_setflags(&opened, self.flags);
        fs::set_permissions(&self.directory, Permissions::from_mode(0o700)).unwrap();
    }
}

/// Runs on a runtime like the driver's.
fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(LONG, future).await.expect("it did not end") })
}

fn held_by(holder: &str) -> Record {
    Record {
        holder: Some(Identity::from(holder)),
        lease_duration: Some(Duration::from_secs(15)),
        acquire_time: Some(WallTime::from_micros(1_700_000_000_000_000)),
        renew_time: Some(WallTime::from_micros(1_700_000_001_000_000)),
        ..Record::default()
    }
}

fn released() -> Record {
    Record { holder: None, lease_duration: Some(Duration::from_secs(1)), ..held_by("") }
}

fn kind<T: std::fmt::Debug>(result: Result<T, StoreError>) -> StoreErrorKind {
    result.unwrap_err().kind
}
