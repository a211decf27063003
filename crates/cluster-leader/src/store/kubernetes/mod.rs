//! STUB, to be replaced.
use super::{Store, StoreError, Watched};
use crate::error::Error;
use election::{Identity, Record, Version};
use std::path::Path;

#[derive(Clone, Debug)]
pub(crate) struct KubernetesPlace {}
pub(crate) struct KubernetesStore;
impl KubernetesPlace {
    pub(crate) fn in_cluster(
        _host: &str,
        _port: &str,
        _service_account: &Path,
        _namespace: Option<String>,
        _election: &str,
    ) -> Result<Self, Error> {
        Ok(Self {})
    }
    pub(crate) fn from_kubeconfig(_namespace: Option<String>, _election: &str) -> Result<Self, Error> {
        Ok(Self {})
    }
    pub(crate) fn describe(&self) -> String {
        "lease".to_owned()
    }
    pub(crate) fn open(&self, _timing: &election::Timing) -> Result<KubernetesStore, StoreError> {
        Ok(KubernetesStore)
    }
}
impl Store for KubernetesStore {
    fn describe(&self) -> String {
        String::new()
    }
    async fn read(&self) -> Result<Option<(Record, Version)>, StoreError> {
        Err(StoreError::refused("stub"))
    }
    async fn create(&self, _: &Record) -> Result<Version, StoreError> {
        Err(StoreError::refused("stub"))
    }
    async fn update(&self, _: &Record, _: &Version) -> Result<Version, StoreError> {
        Err(StoreError::refused("stub"))
    }
    async fn watch(&self) -> Result<Watched, StoreError> {
        std::future::pending().await
    }
    fn close_watch(&self) {}
    async fn proof_of_death(&self, _: &Identity) {
        std::future::pending().await
    }
    fn reconnect(&self) {}
    async fn stand_as(&self, _: &Identity) -> Result<(), StoreError> {
        Ok(())
    }
}
