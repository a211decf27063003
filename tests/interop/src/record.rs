//! A state of the Lease.

use jiff::Timestamp;
use serde_json::Value;
use testkit::clock::boottime_nanos;

/// A state of the Lease, as it reached the witness.
#[derive(Clone, Debug)]
pub struct Record {
    /// When it reached the witness, in nanoseconds of `CLOCK_BOOTTIME`.
    pub seen: u64,
    /// `metadata.resourceVersion`.
    pub version: u64,
    /// The object.
    pub lease: Value,
}

/// Who wrote a state of the Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Our library.
    Ours,
    /// client-go.
    ClientGo,
    /// fabric8.
    Fabric8,
    /// The test itself.
    Test,
}

impl Record {
    pub(crate) fn of(lease: Value) -> Self {
        let version = lease["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok());
        Self { seen: boottime_nanos(), version: version.expect("a version"), lease }
    }

    /// `holderIdentity`; empty if there is none.
    #[must_use]
    pub fn holder(&self) -> &str {
        self.lease["spec"]["holderIdentity"].as_str().unwrap_or_default()
    }

    /// `leaseDurationSeconds`.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.lease["spec"]["leaseDurationSeconds"]
            .as_u64()
            .unwrap_or_else(|| panic!("no duration: {self:#?}"))
    }

    /// `leaseTransitions`; 0 if there is none.
    #[must_use]
    pub fn transitions(&self) -> i64 {
        self.lease["spec"]["leaseTransitions"].as_i64().unwrap_or(0)
    }

    /// `acquireTime` or `renewTime`.
    #[must_use]
    pub fn time(&self, field: &str) -> Timestamp {
        let text = self.lease["spec"][field].as_str().unwrap_or_else(|| panic!("no {field}: {self:#?}"));
        text.parse().unwrap_or_else(|error| panic!("{field}: {error}: {self:#?}"))
    }

    /// An annotation.
    #[must_use]
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.lease["metadata"]["annotations"][name].as_str()
    }

    /// Who made the Lease what it is. Every write but the test's own changes `renewTime`, and the API
    /// server keeps whose program last changed each field.
    #[must_use]
    pub fn writer(&self, before: Option<&Self>) -> Writer {
        if before.is_some_and(|before| before.lease["spec"] == self.lease["spec"]) {
            return Writer::Test;
        }
        let fields = self.lease["metadata"]["managedFields"].as_array().expect("managed fields");
        let owner = fields
            .iter()
            .find(|entry| entry["fieldsV1"]["f:spec"].get("f:renewTime").is_some())
            .and_then(|entry| entry["manager"].as_str())
            .unwrap_or_else(|| panic!("nobody has written renewTime: {self:#?}"));
        match owner {
            owner if owner.starts_with("cluster-leader") => Writer::Ours,
            owner if owner.starts_with("client-go") => Writer::ClientGo,
            owner if owner.starts_with("fabric8") => Writer::Fabric8,
            _ => Writer::Test,
        }
    }
}
