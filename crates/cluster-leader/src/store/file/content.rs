//! What stands in a record's file: a Lease, as JSON.

use std::sync::Arc;

use election::{Record, Version};
use k8s_openapi::Resource;
use k8s_openapi::api::coordination::v1::Lease;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::file_id::FileId;
use crate::store::lease::{put_record, record_of, version_of};

/// `<device>:<inode> <holderIdentity>`: the file that this holder keeps locked while it lives.
const HOLDER_LOCK: &str = "cluster-leader.io/holder-lock";

/// A record's file, understood. What is not understood is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Content {
    json: Map<String, Value>,
    lease: Lease,
    pub(super) version: Version,
}

impl Content {
    /// # Errors
    /// Why this is not a record.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err("it is empty".to_owned());
        }
        let json: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|error| format!("it is not a JSON object: {error}"))?;
        for (field, expected) in [("apiVersion", Lease::API_VERSION), ("kind", Lease::KIND)] {
            let found = json.get(field).unwrap_or(&Value::Null);
            if found != expected {
                return Err(format!("its {field} is {found}, not {expected:?}"));
            }
        }
        let lease = Lease::deserialize(&json).map_err(|error| format!("it is not a Lease: {error}"))?;
        let version = version_of(&lease).map_err(|error| error.message)?;
        Ok(Self { json, lease, version })
    }

    /// A new object, with nothing in it yet.
    pub(super) fn new(name: &str, uid: &str) -> Self {
        let mut json = Map::new();
        json.insert("apiVersion".to_owned(), json!(Lease::API_VERSION));
        json.insert("kind".to_owned(), json!(Lease::KIND));
        json.insert("metadata".to_owned(), json!({ "name": name, "uid": uid }));
        Self { json, lease: Lease::default(), version: Version { uid: Arc::from(uid), number: 0 } }
    }

    pub(super) fn into_lease(self) -> Lease {
        self.lease
    }

    pub(super) fn record(&self) -> Record {
        record_of(&self.lease)
    }

    /// The file that the record's holder keeps locked, if it says so.
    pub(super) fn holder_lock(&self) -> Option<FileId> {
        self.holder_lock_of(&self.record())
    }

    /// What the annotation says counts only if it names the record's holder.
    fn holder_lock_of(&self, record: &Record) -> Option<FileId> {
        let annotation = self.lease.metadata.annotations.as_ref()?.get(HOLDER_LOCK)?;
        let (file, holder) = annotation.split_once(' ')?;
        if record.holder.as_ref()?.as_str() != holder {
            return None;
        }
        file.parse().ok()
    }

    /// The bytes of the next version: `record`, the number, the file that its holder keeps
    /// locked (`None`: what was known of that holder before, if anything), and all else as it is.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub(super) fn next(
        &self,
        record: &Record,
        number: u64,
        holder_lock: Option<FileId>,
    ) -> serde_json::Result<Vec<u8>> {
        let mut lease = self.lease.clone();
        let holder_lock = holder_lock.or_else(|| self.holder_lock_of(record)).zip(record.holder.as_ref());
        put_record(&mut lease, record);
        let mut annotations = lease.metadata.annotations.unwrap_or_default();
        match holder_lock {
            Some((file, holder)) => annotations.insert(HOLDER_LOCK.to_owned(), format!("{file} {holder}")),
            None => annotations.remove(HOLDER_LOCK),
        };

        let mut json = self.json.clone();
        json.insert("spec".to_owned(), serde_json::to_value(&lease.spec)?);
        if let Some(metadata) = json.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".to_owned(), json!(number.to_string()));
            if annotations.is_empty() {
                metadata.remove("annotations");
            } else {
                metadata.insert("annotations".to_owned(), json!(annotations));
            }
        }
        let mut bytes = serde_json::to_vec_pretty(&json)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
