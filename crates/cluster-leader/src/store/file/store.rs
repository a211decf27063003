//! The store.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use election::{Identity, Record, Seen, Version, WallTime};
use k8s_openapi::api::coordination::v1::Lease;
use tokio::sync::Notify;

use super::FilePlace;
use super::content::Content;
use super::directory::{Directory, Locked, random};
use super::file_id::FileId;
use super::holder::{self, HolderLock};
use super::sweep::sweep;
use super::watch::{Shown, Watch, gone};
use crate::os;
use crate::store::{Store, StoreError, StoreErrorKind, Watched};

/// One election's record in a file.
#[derive(Debug)]
pub(crate) struct FileStore {
    place: FilePlace,
    pub(super) wall_now: fn() -> WallTime,
    /// How often a holder's lock is tried where no event tells of its end.
    pub(super) probe_interval: Duration,
    /// The largest version number seen or given.
    newest: Cell<u64>,
    /// Our proof of life.
    holder_lock: RefCell<Option<HolderLock>>,
    pub(super) watch: RefCell<Option<Rc<Watch>>>,
    /// Some holder may have closed its file.
    holder_closed: Notify,
}

impl FileStore {
    const PROBE_INTERVAL: Duration = Duration::from_millis(500);
    /// The event of a file's closing comes just before the kernel releases its lock: on a busy machine
    /// the dying process may have to wait for its turn in between.
    const PAUSES_AFTER_CLOSING: [Duration; 9] = [
        Duration::from_millis(1),
        Duration::from_millis(2),
        Duration::from_millis(4),
        Duration::from_millis(8),
        Duration::from_millis(16),
        Duration::from_millis(32),
        Duration::from_millis(64),
        Duration::from_millis(128),
        Duration::from_millis(256),
    ];

    pub(super) fn new(place: FilePlace) -> Self {
        Self {
            place,
            wall_now: os::wall_now,
            probe_interval: Self::PROBE_INTERVAL,
            newest: Cell::new(0),
            holder_lock: RefCell::new(None),
            watch: RefCell::new(None),
            holder_closed: Notify::new(),
        }
    }

    // ---- the record --------------------------------------------------------------------------

    /// The record as it is now.
    fn current(&self) -> Result<Option<Content>, StoreError> {
        let Some(directory) = Directory::open(&self.place.directory)? else { return Ok(None) };
        let Some(bytes) = directory.read(&self.place.record_name())? else { return Ok(None) };
        self.parse(&bytes).map(Some)
    }

    /// The record, for somebody else than the election: as a Lease, and whether its holder is proven dead.
    pub(crate) fn lease(&self) -> Result<Option<(Lease, bool)>, StoreError> {
        let Some(content) = self.current()? else { return Ok(None) };
        let dead = content.record().holder.is_some_and(|holder| self.is_proven_dead(&holder));
        Ok(Some((content.into_lease(), dead)))
    }

    fn parse(&self, bytes: &[u8]) -> Result<Content, StoreError> {
        let content = Content::parse(bytes).map_err(|problem| {
            StoreError::refused(format!(
                "{}: is not the record of an election: {problem}. It was left as it is: see who wrote it, then remove \
                 it",
                self.place.record_path().display()
            ))
        })?;
        self.note(content.version.number);
        Ok(content)
    }

    fn note(&self, number: u64) {
        self.newest.set(self.newest.get().max(number));
    }

    /// Larger than every number we know of, and than those that only dead processes knew as long
    /// as the wall clock does not step back.
    fn next_number(&self) -> Result<u64, StoreError> {
        let micros = u64::try_from((self.wall_now)().as_micros()).unwrap_or(0);
        let next = self.newest.get().checked_add(1).ok_or_else(|| {
            StoreError::refused(format!(
                "{}: its resourceVersion is the largest number there is. Somebody wrote it by hand: remove the file",
                self.place.record_path().display()
            ))
        })?;
        Ok(next.max(micros.saturating_mul(1000)))
    }

    fn compose(
        &self,
        content: &Content,
        record: &Record,
        number: u64,
        holder_lock: Option<FileId>,
    ) -> Result<Vec<u8>, StoreError> {
        content.next(record, number, holder_lock).map_err(|error| {
            StoreError::refused(format!("{}: cannot be written: {error}", self.place.record_path().display()))
        })
    }

    fn written(&self, uid: &Arc<str>, number: u64) -> Version {
        self.note(number);
        Version { uid: Arc::clone(uid), number }
    }

    fn failure(&self, kind: StoreErrorKind, what: &str) -> StoreError {
        StoreError::new(kind, format!("{}: {what}", self.place.record_path().display()))
    }

    fn no_record(&self) -> StoreError {
        self.failure(StoreErrorKind::NotFound, "there is no such record")
    }

    // ---- proof of death ------------------------------------------------------------------------

    /// The file that we keep locked, to be named in a record that names us. Without one the
    /// record is written all the same: there is no proof of our death then.
    async fn holder_lock_for(&self, record: &Record, directory: &Directory) -> Option<FileId> {
        let identity = self.standing_as().filter(|identity| record.holder.as_ref() == Some(identity))?;
        if let Some(id) = self.holder_lock_in_place() {
            return Some(id);
        }
        // Somebody removed it.
        let taken = match directory.lock().await {
            Ok(locked) => self.lock_holder_file(&locked, &identity),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = taken {
            tracing::warn!("{problem}. Should this process die, others wait for its lease to run out");
        }
        self.holder_lock_in_place()
    }

    fn standing_as(&self) -> Option<Identity> {
        self.holder_lock.borrow().as_ref().map(|lock| lock.identity().clone())
    }

    fn holder_lock_in_place(&self) -> Option<FileId> {
        self.holder_lock.borrow().as_ref().and_then(HolderLock::id)
    }

    /// Has programs that we start from now on keep our file open.
    #[cfg(test)]
    pub(super) fn bequeath_holder_lock(&self) {
        self.holder_lock.borrow().as_ref().unwrap().bequeath().unwrap();
    }

    fn lock_holder_file(&self, locked: &Locked<'_>, identity: &Identity) -> Result<(), StoreError> {
        let lock = HolderLock::take(locked, &self.place.election, identity)?;
        if self.place.holder_lock_is_inherited {
            lock.bequeath()?;
        }
        drop(self.holder_lock.replace(Some(lock)));
        Ok(())
    }

    /// Whether the record names `holder`, and its lock shows that it is gone.
    pub(super) fn is_proven_dead(&self, holder: &Identity) -> bool {
        let Ok(Some(content)) = self.current() else { return false };
        let named = content.record().holder.as_ref() == Some(holder);
        let file = content.holder_lock().filter(|_| named);
        file.is_some_and(|file| {
            holder::is_proven_dead(&self.place.directory, &self.place.election, holder, file)
        })
    }

    /// Removes what the dead have left, but for what proves the death of the record's holder.
    fn sweep(&self, locked: &Locked<'_>) {
        // A record that cannot be read is reported by whoever reads it to decide.
        let Ok(current) = self.current() else { return };
        let holder = current.and_then(|content| content.record().holder);
        let keep = holder.map(|holder| holder::file_name(&self.place.election, &holder));
        sweep(locked, &self.place.election, keep.as_deref());
    }

    // ---- the watch -----------------------------------------------------------------------------

    /// What the watch has not shown yet, if anything.
    fn look(&self, watch: &Watch) -> Result<Option<Seen>, StoreError> {
        // Until it can be read, it is polled; the watch is of use again from then on.
        let current = self
            .current()
            .map_err(|problem| StoreError { kind: StoreErrorKind::WatchExpired, message: problem.message })?;
        let before = watch.shown.borrow().clone();
        let (seen, now) = match current {
            Some(content) if before == Shown::Present(content.version.clone()) => return Ok(None),
            Some(content) => {
                let version = content.version.clone();
                (Some(Seen::Present(content.record(), version.clone())), Shown::Present(version))
            }
            // Unless our own record came and went since: this watch has not shown it.
            None if before == (Shown::Absent { newest: self.newest.get() }) => return Ok(None),
            // Nobody here has ever seen a record.
            None if self.newest.get() == 0 => (None, Shown::Absent { newest: 0 }),
            None => {
                // Newer than all that was known, older than what we may create next.
                let number = self.next_number()?;
                self.note(number);
                let uid = match before {
                    Shown::Present(version) => version.uid,
                    Shown::Nothing | Shown::Absent { .. } => Arc::from(""),
                };
                (Some(Seen::Deleted(Version { uid, number })), Shown::Absent { newest: number })
            }
        };
        watch.shown.replace(now);
        Ok(seen)
    }

    async fn next_change(&self, watch: &Watch) -> Result<Seen, StoreError> {
        loop {
            if watch.look.take()
                && let Some(seen) = self.look(watch)?
            {
                return Ok(seen);
            }
            let noticed = watch.next(&self.place).await?;
            if noticed.holder {
                self.holder_closed.notify_waiters();
            }
            if noticed.gone {
                return Err(gone(&self.place));
            }
            watch.look.set(noticed.record);
        }
    }
}

impl Store for FileStore {
    fn describe(&self) -> String {
        self.place.describe()
    }

    async fn read(&self) -> Result<Option<(Record, Version)>, StoreError> {
        Ok(self.current()?.map(|content| (content.record(), content.version)))
    }

    async fn create(&self, record: &Record) -> Result<Version, StoreError> {
        let directory = Directory::create(&self.place.directory)?;
        let holder_lock = self.holder_lock_for(record, &directory).await;
        let locked = directory.lock().await?;
        if let Some(bytes) = directory.read(&self.place.record_name())? {
            self.parse(&bytes)?;
            return Err(self.failure(StoreErrorKind::AlreadyExists, "there is a record already"));
        }
        // Numbered under the lock: a record may have come and gone while we waited for it.
        let content = Content::new(&self.place.election, &uid()?);
        let number = self.next_number()?;
        let bytes = self.compose(&content, record, number, holder_lock)?;
        directory.temporary(&self.place.election, &bytes)?.replace(&locked, &self.place.record_name())?;
        self.sweep(&locked);
        drop(locked);
        directory.sync()?;
        Ok(self.written(&content.version.uid, number))
    }

    async fn update(&self, record: &Record, version: &Version) -> Result<Version, StoreError> {
        let name = self.place.record_name();
        let directory = Directory::open(&self.place.directory)?.ok_or_else(|| self.no_record())?;
        let before = directory.read(&name)?.ok_or_else(|| self.no_record())?;
        let content = self.parse(&before)?;
        if content.version != *version {
            return Err(self.failure(StoreErrorKind::Conflict, "the record is of another version"));
        }
        let number = self.next_number()?;
        let holder_lock = self.holder_lock_for(record, &directory).await;
        let bytes = self.compose(&content, record, number, holder_lock)?;
        // On the disk before the lock is taken: a process that is stopped, or a disk that is slow,
        // should rarely keep the others waiting.
        let temporary = directory.temporary(&self.place.election, &bytes)?;
        let locked = directory.lock().await?;
        match directory.read(&name)? {
            None => return Err(self.no_record()),
            Some(now) if now != before => {
                return Err(self.failure(StoreErrorKind::Conflict, "the record changed meanwhile"));
            }
            Some(_) => temporary.replace(&locked, &name)?,
        }
        // At every renewal too: a file is left while somebody looks whether its process is gone.
        if record.holder.is_some() {
            self.sweep(&locked);
        }
        drop(locked);
        directory.sync()?;
        Ok(self.written(&version.uid, number))
    }

    async fn watch(&self) -> Result<Watched, StoreError> {
        let open = self.watch.borrow().clone();
        let Some(watch) = open else {
            self.watch.replace(Some(Rc::new(Watch::open(&self.place)?)));
            return Ok(Watched::Opened);
        };
        let change = self.next_change(&watch).await;
        if change.is_err() {
            self.close_watch();
        }
        change.map(Watched::Seen)
    }

    fn close_watch(&self) {
        self.watch.replace(None);
    }

    async fn proof_of_death(&self, holder: &Identity) {
        let mut pauses = [].iter();
        loop {
            // Registered before looking, so that no event between is missed.
            let closed = self.holder_closed.notified();
            if self.is_proven_dead(holder) {
                return;
            }
            let pause = pauses.next().unwrap_or(&self.probe_interval);
            if tokio::time::timeout(*pause, closed).await.is_ok() {
                pauses = Self::PAUSES_AFTER_CLOSING.iter();
            }
        }
    }

    /// There is no connection.
    fn reconnect(&self) {}

    async fn stand_as(&self, identity: &Identity) -> Result<(), StoreError> {
        if self.standing_as().as_ref() == Some(identity) && self.holder_lock_in_place().is_some() {
            return Ok(());
        }
        let directory = Directory::create(&self.place.directory)?;
        let locked = directory.lock().await?;
        self.lock_holder_file(&locked, identity)?;
        self.sweep(&locked);
        Ok(())
    }
}

/// A random UUID, as Kubernetes gives one to every object.
fn uid() -> Result<String, StoreError> {
    let (high, low) = (random()?, random()?);
    Ok(format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFF,
        (low >> 48) & 0x3FFF | 0x8000,
        low & 0xFFFF_FFFF_FFFF
    ))
}
