//! A directory with an election's record.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::disk::Disk;

/// The name of the election in every world.
pub const ELECTION: &str = "billing-jobs";

/// A directory of its own for every test, in which the election's directory is or will be.
#[derive(Debug)]
pub struct World {
    home: TempDir,
    /// Mounted there, for the processes of this world alone.
    disk: Option<Disk>,
}

/// The record, as its file shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `holderIdentity`; `None`: released.
    pub holder: Option<String>,
    /// `resourceVersion`.
    pub version: u64,
    /// `leaseTransitions`.
    pub term: i64,
    /// `uid`.
    pub uid: String,
    /// `renewTime`.
    pub renew_time: String,
}

impl World {
    /// On the disk.
    #[must_use]
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().expect("a temporary directory"), disk: None }
    }

    /// On a small disk of its own, mounted with these options.
    ///
    /// # Errors
    /// Why this user cannot have one.
    pub fn on_a_disk(options: &str) -> Result<Self, String> {
        let home = tempfile::tempdir().expect("a temporary directory");
        let disk = Disk::mount(home.path(), options)?;
        Ok(Self { home, disk: Some(disk) })
    }

    /// In memory where that can be had: for faults that no disk is part of.
    #[must_use]
    pub fn in_memory() -> Self {
        tempfile::tempdir_in("/dev/shm").map_or_else(|_| Self::new(), |home| Self { home, disk: None })
    }

    /// Its disk, if it has one of its own.
    #[must_use]
    pub fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }

    /// The election's directory, as its processes call it.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// Around the election's directory, as we see it.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.disk
            .as_ref()
            .map_or_else(|| self.home.path().to_owned(), |disk| disk.seen_from_outside(self.home.path()))
    }

    /// A file in the election's directory, as we see it. The directory may not be there.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.home().join("state").join(name)
    }

    /// The record's file.
    #[must_use]
    pub fn record_path(&self) -> PathBuf {
        self.path(&format!("{ELECTION}.json"))
    }

    /// The record; `None` if there is none.
    ///
    /// # Panics
    /// There is something else in its place, or less than a whole record.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        let bytes = match fs::read(self.record_path()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => panic!("{}: {error}", self.record_path().display()),
        };
        let text = String::from_utf8_lossy(&bytes);
        let json: Value =
            serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("half a record: {error}: {text:?}"));
        let whole = json["kind"] == "Lease" && text.ends_with("}\n");
        assert!(whole, "half a record: {text:?}");
        let spec = |name: &str| {
            let value = &json["spec"][name];
            assert!(!value.is_null(), "no {name}: {text}");
            value.clone()
        };
        for field in ["leaseDurationSeconds", "acquireTime", "renewTime"] {
            let _ = spec(field);
        }
        let holder = spec("holderIdentity").as_str().expect("a text").to_owned();
        let version = json["metadata"]["resourceVersion"].as_str().expect("a text");
        Some(Record {
            holder: (!holder.is_empty()).then_some(holder),
            version: version.parse().expect("a number"),
            term: spec("leaseTransitions").as_i64().expect("a number"),
            uid: json["metadata"]["uid"].as_str().expect("a text").to_owned(),
            renew_time: spec("renewTime").as_str().expect("a text").to_owned(),
        })
    }

    /// All names in the election's directory, in order; none if it is missing.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("")) else { return Vec::new() };
        let mut names: Vec<_> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
