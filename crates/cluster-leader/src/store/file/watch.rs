//! What happens in the directory, as the kernel tells it.

use std::cell::{Cell, RefCell};
use std::io;
use std::mem::MaybeUninit;

use election::Version;
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::FilePlace;
use super::holder;
use super::problem::refused;
use crate::store::{StoreError, StoreErrorKind};

/// An open watch.
#[derive(Debug)]
pub(super) struct Watch {
    inotify: AsyncFd<OwnedFd>,
    /// The record may have changed since it was last looked at.
    pub(super) look: Cell<bool>,
    /// What was shown last.
    pub(super) shown: RefCell<Shown>,
}

/// What a watch has shown of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Nothing,
    /// That there is none, and the largest number known by then.
    Absent {
        newest: u64,
    },
    Present(Version),
}

/// What some events amount to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noticed {
    /// The record may have changed.
    pub(super) record: bool,
    /// A holder may have closed its file.
    pub(super) holder: bool,
    /// The directory is not where it was.
    pub(super) gone: bool,
}

impl Watch {
    pub(super) fn open(place: &FilePlace) -> Result<Self, StoreError> {
        // Not the closing of files open for reading: every look at a file would wake everybody.
        let events = WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        let path = &place.directory;
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(|error| {
            StoreError::refused(format!(
                "no inotify instance for a watch: {error}. Raise the limit fs.inotify.max_user_instances (sysctl); \
                 until then the record is polled"
            ))
        })?;
        match inotify::add_watch(&inotify, path, events) {
            Ok(_) => {}
            Err(Errno::NOENT) => return Err(gone(place)),
            Err(Errno::NOSPC) => {
                return Err(StoreError::refused(format!(
                    "{}: cannot be watched: {}. Raise the limit fs.inotify.max_user_watches (sysctl); until then \
                     the record is polled",
                    path.display(),
                    io::Error::from(Errno::NOSPC)
                )));
            }
            Err(error) => return Err(refused("watching the directory", path, error)),
        }
        // The newer constructor is unsafe because of types whose `as_raw_fd` might lie; this one's
        // does not.
        #[allow(deprecated)]
        let inotify = AsyncFd::with_interest(inotify, Interest::READABLE)
            .map_err(|error| refused("waiting for events of the directory", path, error))?;
        Ok(Self { inotify, look: Cell::new(true), shown: RefCell::new(Shown::Nothing) })
    }

    /// Waits for the next events. Cancel-safe.
    pub(super) async fn next(&self, place: &FilePlace) -> Result<Noticed, StoreError> {
        let record = place.record_name();
        let failed = |error| refused("reading events of the directory", &place.directory, error);
        loop {
            let mut ready = self.inotify.readable().await.map_err(failed)?;
            match ready.try_io(|inotify| take_in(inotify.get_ref(), &record, &place.election)) {
                Ok(noticed) => return noticed.map_err(failed),
                Err(_would_block) => {}
            }
        }
    }
}

/// The watched directory is not there, or not any more: its record is to be read as gone.
pub(super) fn gone(place: &FilePlace) -> StoreError {
    let message = format!(
        "{}: the directory is gone, and the record with it. It is made anew when a candidate may create the record",
        place.directory.display()
    );
    StoreError::new(StoreErrorKind::WatchExpired, message)
}

/// Takes in one buffer of events.
fn take_in(inotify: &OwnedFd, record: &str, election: &str) -> io::Result<Noticed> {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut events = Reader::new(inotify, &mut buffer);
    let mut noticed = Noticed::default();
    loop {
        let event = events.next()?;
        let name = event.file_name().and_then(|name| name.to_str().ok());
        let kind = event.events();
        if kind.intersects(
            ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::IGNORED | ReadFlags::UNMOUNT,
        ) {
            noticed.gone = true;
        } else if kind.contains(ReadFlags::QUEUE_OVERFLOW) {
            noticed.record = true;
            noticed.holder = true;
        } else if name == Some(record) {
            noticed.record = true;
        } else if kind.contains(ReadFlags::CLOSE_WRITE)
            && name.and_then(holder::election_of) == Some(election)
        {
            noticed.holder = true;
        }
        if events.is_buffer_empty() {
            return Ok(noticed);
        }
    }
}
