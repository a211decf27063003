//! STUB, to be replaced.
use super::{Store, StoreError, Watched};
use crate::error::Error;
use election::{Identity, Record, Version};
use std::path::Path;

#[derive(Clone, Debug)]
pub(crate) struct FilePlace {}
pub(crate) struct FileStore;
impl FilePlace {
    pub(crate) fn new(_directory: &Path, _election: &str) -> Result<Self, Error> {
        Ok(Self {})
    }
    pub(crate) fn describe(&self) -> String {
        "file".to_owned()
    }
    pub(crate) fn open(&self) -> FileStore {
        FileStore
    }
}
impl Store for FileStore {
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
