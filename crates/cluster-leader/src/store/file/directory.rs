//! The directory: its lock, and how a file in it is replaced.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::file_id::FileId;
use super::file_system;
use super::problem::{refused, unknown};
use crate::store::StoreError;

/// Others' files: neither a link nor a pipe put in their place leads us astray.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// What the umask leaves of it. Who may look at all is up to the directory's own mode.
pub(super) const FILE_MODE: Mode = Mode::from_raw_mode(0o644);

/// The directory, opened for one operation: an open directory that is removed would not tell.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    fd: OwnedFd,
}

impl Directory {
    /// A Lease is limited to less by Kubernetes.
    const LONGEST_FILE: u64 = 2 << 20;
    /// How many files may be swept before one stays: each takes a sweep at the same microsecond.
    const TEMPORARIES: usize = 8;
    const FIRST_PAUSE: Duration = Duration::from_millis(1);
    const LONGEST_PAUSE: Duration = Duration::from_millis(16);
    /// Whoever has the lock for as long as this is stopped, or waits for a slow disk.
    const LONGEST_WAIT: Duration = Duration::from_millis(300);

    /// Opens the directory; `None` if there is none.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(fd) => Ok(Some(Self { path: path.to_owned(), fd })),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(refused("opening the directory", path, error)),
        }
    }

    /// Opens the directory and makes it first if there is none, for this user only.
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        // Before anything is left behind on a file system that is of no use:
        for existing in path.ancestors() {
            match rustix::fs::statfs(existing) {
                Ok(file_system) => {
                    file_system::check(existing, &file_system).map_err(StoreError::refused)?;
                    break;
                }
                Err(Errno::NOENT) => {}
                Err(error) => return Err(refused("looking at its file system", existing, error)),
            }
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| refused("creating the directory", path, error))?;
        let directory = Self::open(path)?
            .ok_or_else(|| refused("opening the directory", path, io::Error::from(Errno::NOENT)))?;
        let file_system = rustix::fs::fstatfs(&directory.fd)
            .map_err(|error| refused("looking at its file system", path, error))?;
        file_system::check(path, &file_system).map_err(StoreError::refused)?;
        Ok(directory)
    }

    /// Waits for the lock on the directory.
    ///
    /// It is held for microseconds, or for one sync of a small file; hence the polling, which
    /// leaves the thread to its other elections. A process that is stopped at just that moment keeps it
    /// until it runs on or dies, and nobody can do without it.
    pub(super) async fn lock(&self) -> Result<Locked<'_>, StoreError> {
        let mut pause = Self::FIRST_PAUSE;
        let mut waited = Duration::ZERO;
        loop {
            match try_lock(&self.fd, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) => {}
                Err(error) => return Err(refused("locking the directory", &self.path, error)),
            }
            if waited >= Self::LONGEST_WAIT {
                return Err(StoreError::refused(format!(
                    "{}: is locked by another process, which is stopped or stuck: nobody can begin to lead until it runs \
                     on or ends. /proc/locks tells which one it is (inode {})",
                    self.path.display(),
                    rustix::fs::fstat(&self.fd).map_or(0, |stat| stat.st_ino)
                )));
            }
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = Self::LONGEST_PAUSE.min(pause * 2);
        }
        let locked = Locked { directory: self };
        // Whoever finds another directory under the path locks that one.
        let ours = rustix::fs::fstat(&self.fd).map_err(|error| refused("fstat", &self.path, error))?;
        match rustix::fs::stat(&self.path) {
            Ok(there) if FileId::of(&there) == FileId::of(&ours) => Ok(locked),
            Ok(_) | Err(Errno::NOENT) => Err(StoreError::refused(format!(
                "{}: was removed or replaced while it was waited for. Nothing was written; the next try uses \
                 what is there then",
                self.path.display()
            ))),
            Err(error) => Err(refused("stat", &self.path, error)),
        }
    }

    /// The content of a file; `None` if there is none.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path.join(name);
        let not_a_file = || {
            StoreError::refused(format!(
                "{}: is not a regular file. It was left as it is: see what it is, then remove it",
                path.display()
            ))
        };
        let file = match rustix::fs::openat(&self.fd, name, READ, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::NXIO) => return Err(not_a_file()),
            Err(error) => return Err(refused("opening the record", &path, error)),
        };
        let stat = rustix::fs::fstat(&file).map_err(|error| refused("fstat", &path, error))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(not_a_file());
        }
        let too_long = u64::try_from(stat.st_size).is_ok_and(|length| length > Self::LONGEST_FILE);
        if too_long {
            return Err(StoreError::refused(format!(
                "{}: is {} bytes long, and no record is longer than {}. It was left as it is: see who wrote it, then \
                 remove it",
                path.display(),
                stat.st_size,
                Self::LONGEST_FILE
            )));
        }
        let mut content = Vec::new();
        let read = file.take(Self::LONGEST_FILE).read_to_end(&mut content);
        read.map_err(|error| refused("reading the record", &path, error))?;
        Ok(Some(content))
    }

    /// Writes `content` to a file of its own, down to the disk. It is removed again unless it
    /// [takes the place](Temporary::replace) of another.
    pub(super) fn temporary(&self, election: &str, content: &[u8]) -> Result<Temporary<'_>, StoreError> {
        let temporary = self.locked_temporary(election)?;
        let write = |mut file: &File| {
            file.write_all(content)?;
            file.sync_all()
        };
        temporary
            .file
            .as_ref()
            .map_or(Ok(()), write)
            .map_err(|error| refused("writing a file in the directory", &self.path, error))?;
        Ok(temporary)
    }

    /// A file whose lock says that its process lives. Before it was locked a [sweep](super::sweep)
    /// may have taken it for a dead one's; then another is made.
    fn locked_temporary(&self, election: &str) -> Result<Temporary<'_>, StoreError> {
        for _ in 0..Self::TEMPORARIES {
            let name = temporary_name(election)?;
            let path = self.path.join(&name);
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            let fd = rustix::fs::openat(&self.fd, &name, flags, FILE_MODE)
                .map_err(|error| refused("creating a file in the directory", &self.path, error))?;
            let file = File::from(fd);
            let locked = try_lock(&file, FlockOperation::NonBlockingLockExclusive);
            let stat = rustix::fs::fstat(&file);
            let temporary = Temporary { directory: self, name, file: Some(file) };
            match locked {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => continue,
                Err(error) => return Err(refused("locking a file in the directory", &path, error)),
            }
            let stat = stat.map_err(|error| refused("fstat", &path, error))?;
            if file_there(&path) == Ok(FileId::of(&stat)) {
                return Ok(temporary);
            }
        }
        Err(StoreError::refused(format!(
            "{}: every file made there is removed at once. See what removes them, or choose another directory with \
             CLUSTER_LEADER_STORE=file:DIR",
            self.path.display()
        )))
    }

    /// Whether files can be created in the directory.
    pub(super) fn check_writable(&self, election: &str) -> Result<(), StoreError> {
        self.temporary(election, b"").map(drop)
    }

    /// Brings what was replaced down to the disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        rustix::fs::fsync(&self.fd).map_err(|error| unknown("syncing the directory", &self.path, error))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The directory, locked by us.
#[derive(Debug)]
pub(super) struct Locked<'a> {
    directory: &'a Directory,
}

impl Locked<'_> {
    pub(super) const fn directory(&self) -> &Directory {
        self.directory
    }
}

impl Drop for Locked<'_> {
    /// Closing would not do: a child forked a moment ago may hold the descriptor too.
    fn drop(&mut self) {
        if let Err(error) = rustix::fs::flock(&self.directory.fd, FlockOperation::Unlock) {
            tracing::warn!("{}: unlocking failed: {error}", self.directory.path.display());
        }
    }
}

/// A file about to take its place, removed if it does not.
#[derive(Debug)]
pub(super) struct Temporary<'a> {
    directory: &'a Directory,
    name: String,
    /// `None` once it is in its place, or about to be.
    file: Option<File>,
}

impl Temporary<'_> {
    /// Takes the place of the file `name`.
    pub(super) fn replace(mut self, locked: &Locked<'_>, name: &str) -> Result<(), StoreError> {
        // Closed before it is renamed, so that watchers hear of the record once.
        drop(self.file.take());
        rustix::fs::renameat(&self.directory.fd, &self.name, &locked.directory.fd, name).map_err(|error| {
            self.remove();
            unknown("replacing the record", &self.directory.path.join(name), error)
        })
    }

    fn remove(&self) {
        match rustix::fs::unlinkat(&self.directory.fd, &self.name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => {
                tracing::debug!(
                    "{}: removing failed: {error}",
                    self.directory.path.join(&self.name).display()
                );
            }
        }
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if self.file.is_some() {
            self.remove();
        }
    }
}

fn temporary_name(election: &str) -> Result<String, StoreError> {
    let random = random()?;
    Ok(format!(".{election}.{random:016x}.tmp"))
}

/// 64 random bits.
pub(super) fn random() -> Result<u64, StoreError> {
    getrandom::u64()
        .map_err(|error| StoreError::refused(format!("no randomness for the name of a file: {error}")))
}

/// Takes a lock if it can be had now.
pub(super) fn try_lock(file: impl AsFd, how: FlockOperation) -> rustix::io::Result<()> {
    rustix::io::retry_on_intr(|| rustix::fs::flock(&file, how))
}

/// The file that `path` names now, not following a link.
pub(super) fn file_there(path: &Path) -> rustix::io::Result<FileId> {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).map(|stat| FileId::of(&stat))
}

/// Opens a file to look at, or to lock, but not to write: closing it wakes no watcher.
pub(super) fn open_to_look(path: &Path) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(CWD, path, READ, Mode::empty())
}
