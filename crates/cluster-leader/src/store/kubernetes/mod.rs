//! The record as a Lease of a Kubernetes cluster.
//!
//! | file | what |
//! |---|---|
//! | `place.rs`, `credentials.rs` | which Lease, at which server, as whom |
//! | `connection.rs` | one request and its reply |
//! | `watch.rs` | a watch, and where it goes on after a break |
//! | `pods` | proof that a leader is dead |
//! | `failure.rs` | what a failure means, for the election and for people |

mod connection;
mod credentials;
mod failure;
mod place;
mod pods;
#[cfg(test)]
mod tests;
mod watch;

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use election::{Identity, Record, Seen, Version};
use futures_util::StreamExt;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Resource;
use kube::api::{GetParams, PostParams, WatchParams};
use kube::core::{ObjectMeta, Request};

use self::connection::{Composed, Connection};
use self::failure::{Failure, Verb, heading};
pub(crate) use self::place::KubernetesPlace;
use self::pods::Pods;
use self::watch::{Resume, Shown, Watch};
use super::lease::{SeenLeases, put_record};
use super::{Store, StoreError, StoreErrorKind, Watched};
use crate::identity;

/// One candidate's access to its Lease.
pub(crate) struct KubernetesStore {
    place: KubernetesPlace,
    connection: Rc<Connection>,
    requests: Request,
    seen: RefCell<SeenLeases>,
    /// Borrowed only while it is polled, never across an await.
    watch: RefCell<Option<Watch>>,
    watch_params: WatchParams,
    resume: RefCell<Resume>,
    /// Where the death of others is looked for, if that is wanted.
    pods: Option<Pods>,
}

impl KubernetesStore {
    /// A watch lasts from 300 to 555 seconds, so that those of many candidates do not end at once.
    const SHORTEST_WATCH: u32 = 300;

    fn new(place: KubernetesPlace) -> Result<Self, StoreError> {
        let [spread, ..] =
            identity::seed().map_err(|error| StoreError::refused(error.to_string()))?.to_ne_bytes();
        let connection = Rc::new(Connection::new(&place));
        Ok(Self {
            pods: place.termination_log.is_some().then(|| Pods::new(Rc::clone(&connection))),
            connection,
            requests: Request::new(Lease::url_path(&(), Some(&place.namespace))),
            seen: RefCell::default(),
            watch: RefCell::new(None),
            watch_params: WatchParams::default()
                .fields(&format!("metadata.name={}", place.name))
                .timeout(Self::SHORTEST_WATCH + u32::from(spread)),
            resume: RefCell::default(),
            place,
        })
    }

    fn explain(&self, verb: Verb, failure: &Failure) -> StoreError {
        failure.explain(verb, &self.place)
    }

    /// Remembers a Lease that a reply or an event brought.
    fn remember(&self, verb: Verb, lease: Lease) -> Result<(Record, Version), StoreError> {
        let (record, version) =
            self.seen.borrow_mut().remember(lease).map_err(|error| self.about(verb, &error))?;
        self.resume.borrow_mut().note(version.number);
        Ok((record, version))
    }

    fn about(&self, verb: Verb, error: &StoreError) -> StoreError {
        StoreError::new(error.kind, format!("{}: {}", heading(verb, &self.place), error.message))
    }

    /// Makes a write, which is newer than `before`. A reply that shows something else is that of
    /// another request, and so are those that follow on its connection.
    async fn write(
        &self,
        verb: Verb,
        request: Composed,
        written: &Record,
        before: u64,
    ) -> Result<Version, StoreError> {
        let lease = self.connection.lease(request).await.map_err(|failure| self.explain(verb, &failure))?;
        let (shown, version) = self.remember(verb, lease)?;
        if version.number > before && shown.holder == written.holder {
            return Ok(version);
        }
        self.connection.reconnect();
        let holder = shown.holder.as_ref().map_or("nobody", Identity::as_str);
        let another = StoreError::unknown(format!(
            "the reply is that of another request: it shows version {} held by {holder}. See whether a proxy \
             between here and the API server mixes up replies",
            version.number
        ));
        Err(self.about(verb, &another))
    }

    fn body(&self, verb: Verb, lease: &Lease) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(lease).map_err(|error| self.about(verb, &StoreError::refused(error.to_string())))
    }

    fn open_watch(&self) -> Watch {
        let from = self.resume.borrow().resource_version();
        watch::open(Rc::clone(&self.connection), self.requests.watch(&self.watch_params, &from))
    }

    fn poll_watch(&self, context: &mut Context<'_>) -> Poll<Result<Shown, StoreError>> {
        let mut watch = self.watch.borrow_mut();
        let watch = watch.get_or_insert_with(|| self.open_watch());
        let shown = ready!(watch.poll_next_unpin(context));
        let shown = shown.unwrap_or_else(|| {
            Err(Failure::Lost("the server ended the watch, as it does after some minutes".to_owned()))
        });
        Poll::Ready(shown.map_err(|failure| self.explain(Verb::Watch, &failure)))
    }

    async fn next_watched(&self) -> Result<Watched, StoreError> {
        loop {
            let shown = poll_fn(|context| self.poll_watch(context)).await?;
            if let Some(watched) = self.watched(shown)? {
                return Ok(watched);
            }
        }
    }

    /// What the election is told; nothing of the Leases of others, should a server send them.
    fn watched(&self, shown: Shown) -> Result<Option<Watched>, StoreError> {
        Ok(match shown {
            Shown::Opened => Some(Watched::Opened),
            Shown::Bookmark(version) => {
                self.resume.borrow_mut().note(version);
                Some(Watched::Alive)
            }
            Shown::Present(lease) | Shown::Deleted(lease)
                if lease.metadata.name.as_ref() != Some(&self.place.name) =>
            {
                None
            }
            Shown::Present(lease) => {
                let (record, version) = self.remember(Verb::Watch, lease)?;
                Some(Watched::Seen(Seen::Present(record, version)))
            }
            Shown::Deleted(lease) => {
                let (_, version) = self.remember(Verb::Watch, lease)?;
                Some(Watched::Seen(Seen::Deleted(version)))
            }
        })
    }
}

impl Store for KubernetesStore {
    fn describe(&self) -> String {
        self.place.describe()
    }

    async fn read(&self) -> Result<Option<(Record, Version)>, StoreError> {
        // Without a resourceVersion: what the majority of etcd holds, not what a cache does.
        let request = self.requests.get(&self.place.name, &GetParams::default());
        match self.connection.lease(request).await {
            Ok(lease) => self.remember(Verb::Get, lease).map(Some),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(self.explain(Verb::Get, &failure)),
        }
    }

    async fn create(&self, record: &Record) -> Result<Version, StoreError> {
        let metadata = ObjectMeta {
            name: Some(self.place.name.clone()),
            namespace: Some(self.place.namespace.clone()),
            ..ObjectMeta::default()
        };
        let mut lease = Lease { metadata, spec: None };
        put_record(&mut lease, record);
        let body = self.body(Verb::Create, &lease)?;
        let before = self.seen.borrow().newest();
        self.write(Verb::Create, self.requests.create(&PostParams::default(), body), record, before).await
    }

    async fn update(&self, record: &Record, version: &Version) -> Result<Version, StoreError> {
        let lease = self.seen.borrow().with_record(version, record);
        let lease = lease.map_err(|error| self.about(Verb::Update, &error))?;
        let body = self.body(Verb::Update, &lease)?;
        let request = self.requests.replace(&self.place.name, &PostParams::default(), body);
        self.write(Verb::Update, request, record, version.number).await
    }

    async fn watch(&self) -> Result<Watched, StoreError> {
        let watched = self.next_watched().await;
        if let Err(error) = &watched {
            self.close_watch();
            if error.kind == StoreErrorKind::WatchExpired {
                self.resume.borrow_mut().forget();
            }
        }
        watched
    }

    fn close_watch(&self) {
        self.watch.replace(None);
    }

    async fn proof_of_death(&self, holder: &Identity) {
        match &self.pods {
            Some(pods) => pods.death_of(holder, &self.place).await,
            None => pending().await,
        }
    }

    fn reconnect(&self) {
        self.connection.reconnect();
    }

    async fn stand_as(&self, identity: &Identity) -> Result<(), StoreError> {
        pods::leave_proof(identity, &self.place);
        Ok(())
    }
}
