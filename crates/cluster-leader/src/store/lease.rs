//! The record as a `coordination.k8s.io/v1` Lease: what both stores keep.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use election::{Identity, Record, Version, WallTime};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

use super::{StoreError, StoreErrorKind};

/// `<token> <holderIdentity>`: the fencing token of that holder.
const TOKEN: &str = "cluster-leader.io/token";
/// `<holderIdentity>`: asks that holder to hand over.
const STEP_DOWN: &str = "cluster-leader.io/step-down";

/// Reads the record out of a Lease. Others may have left out any field; nothing is an error.
pub(super) fn record_of(lease: &Lease) -> Record {
    let spec = lease.spec.clone().unwrap_or_default();
    let annotation = |name| lease.metadata.annotations.as_ref().and_then(|all| all.get(name));
    Record {
        holder: spec
            .holder_identity
            .filter(|holder| !holder.is_empty())
            .map(|holder| Identity::from(holder.as_str())),
        lease_duration: spec
            .lease_duration_seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs),
        acquire_time: spec.acquire_time.map(|time| WallTime::from_micros(time.0.as_microsecond())),
        renew_time: spec.renew_time.map(|time| WallTime::from_micros(time.0.as_microsecond())),
        transitions: spec.lease_transitions.unwrap_or(0).max(0),
        strategy: spec.strategy.filter(|strategy| !strategy.is_empty()).map(Arc::from),
        token: annotation(TOKEN).and_then(|value| {
            let (token, holder) = value.split_once(' ')?;
            Some((Identity::from(holder), token.parse().ok()?))
        }),
        step_down: annotation(STEP_DOWN).map(|holder| Identity::from(holder.as_str())),
    }
}

/// Puts the record into a Lease: replaces its `spec` and our annotations, keeps all else.
///
/// Every field that client-go reads is written, never left null: fabric8 and others fail on nulls.
pub(super) fn put_record(lease: &mut Lease, record: &Record) {
    lease.spec = Some(LeaseSpec {
        holder_identity: Some(
            record.holder.as_ref().map_or_else(String::new, |holder| holder.as_str().to_owned()),
        ),
        lease_duration_seconds: Some(
            record
                .lease_duration
                .map_or(1, |duration| i32::try_from(duration.as_secs()).unwrap_or(i32::MAX).max(1)),
        ),
        acquire_time: Some(micro_time(record.acquire_time)),
        renew_time: Some(micro_time(record.renew_time)),
        lease_transitions: Some(record.transitions),
        preferred_holder: None,
        strategy: record.strategy.as_deref().map(str::to_owned),
    });
    let annotations = lease.metadata.annotations.get_or_insert_default();
    set(annotations, TOKEN, record.token.as_ref().map(|(holder, token)| format!("{token} {holder}")));
    set(annotations, STEP_DOWN, record.step_down.as_ref().map(ToString::to_string));
    if annotations.is_empty() {
        lease.metadata.annotations = None;
    }
}

/// The Lease's version.
///
/// # Errors
/// `uid` or `resourceVersion` is missing, or the latter is not a number as KEP-5504 promises.
pub(super) fn version_of(lease: &Lease) -> Result<Version, StoreError> {
    let broken = |what: &str| StoreError::new(StoreErrorKind::Unknown, format!("the record's {what}"));
    let uid = lease.metadata.uid.as_deref().ok_or_else(|| broken("metadata.uid is missing"))?;
    let text = lease
        .metadata
        .resource_version
        .as_deref()
        .ok_or_else(|| broken("metadata.resourceVersion is missing"))?;
    let number = text.parse().map_err(|_| {
        broken(&format!(
            "metadata.resourceVersion is {text:?}, which is not a number: versions could not be compared \
             (Kubernetes promises numbers since KEP-5504)"
        ))
    })?;
    Ok(Version { uid: Arc::from(uid), number })
}

fn micro_time(time: Option<WallTime>) -> MicroTime {
    let time = time.unwrap_or_default();
    MicroTime(Timestamp::from_microsecond(time.as_micros()).unwrap_or(Timestamp::UNIX_EPOCH))
}

fn set(annotations: &mut BTreeMap<String, String>, name: &str, value: Option<String>) {
    match value {
        Some(value) => annotations.insert(name.to_owned(), value),
        None => annotations.remove(name),
    };
}

/// The Leases seen last: an update sends the whole object of the version it was decided on, with
/// whatever others keep in its metadata.
#[derive(Debug, Default)]
pub(super) struct SeenLeases(VecDeque<(Version, Lease)>);

impl SeenLeases {
    /// The election decides on the newest it was shown; a few more cover what reached us in the
    /// meantime.
    const MOST: usize = 4;

    /// Remembers the Lease and returns its record and version.
    pub(super) fn remember(&mut self, lease: Lease) -> Result<(Record, Version), StoreError> {
        let version = version_of(&lease)?;
        let record = record_of(&lease);
        self.0.retain(|(known, _)| *known != version);
        if self.0.len() >= Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back((version.clone(), lease));
        Ok((record, version))
    }

    /// The Lease of this version with `record` in it, to be sent back; a conflict if it is not
    /// remembered, which makes the election read it again.
    pub(super) fn with_record(&self, version: &Version, record: &Record) -> Result<Lease, StoreError> {
        let (_, lease) = self.0.iter().find(|(known, _)| known == version).ok_or_else(|| {
            StoreError::new(
                StoreErrorKind::Conflict,
                format!("version {} is no longer at hand", version.number),
            )
        })?;
        let mut lease = lease.clone();
        put_record(&mut lease, record);
        Ok(lease)
    }
}
