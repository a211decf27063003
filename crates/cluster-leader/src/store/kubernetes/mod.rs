//! The record as a Lease of a Kubernetes cluster.
//!
//! | file | what |
//! |---|---|
//! | `place.rs`, `credentials.rs` | which Lease, at which server, as whom |
//! | `servers.rs` | what the elections of a process share |
//! | `connection.rs`, `lanes.rs` | one request and its reply; few connections for many elections |
//! | `watch.rs` | a watch, and where it goes on after a break |
//! | `shared_watch.rs` | one watch for many elections |
//! | `pods` | proof that a leader is dead |
//! | `failure.rs` | what a failure means, for the election and for people |

mod connection;
mod credentials;
mod failure;
mod lanes;
mod place;
mod pods;
mod servers;
mod shared_watch;
#[cfg(test)]
mod tests;
mod watch;

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use election::{Identity, Record, Seen, Version};
use futures_util::StreamExt;
use k8s_openapi::List;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Resource;
use kube::api::{GetParams, ListParams, PostParams, WatchParams};
use kube::core::{ObjectMeta, Request};

use self::connection::{Caller, Composed};
use self::failure::{Failure, Verb, heading};
pub(crate) use self::place::KubernetesPlace;
pub(crate) use self::servers::ApiServers;
use self::servers::{ApiServer, ByName};
use self::shared_watch::Member;
use self::watch::{Resume, Shown, Watch};
use super::lease::{SeenLeases, put_record, record_of};
use super::{Store, StoreError, StoreErrorKind, Watched};
use crate::identity;

/// One candidate's access to its Lease.
pub(crate) struct KubernetesStore {
    place: KubernetesPlace,
    server: Rc<ApiServer>,
    caller: Caller,
    requests: Request,
    seen: RefCell<SeenLeases>,
    /// The watch that is shared with others.
    member: Rc<Member>,
    /// Leave to watch by name instead; the first election of a namespace has it always.
    by_name: RefCell<Option<ByName>>,
    /// The watch by name. Borrowed only while it is polled, never across an await.
    watch: RefCell<Option<Watch>>,
    watch_params: WatchParams,
    resume: RefCell<Resume>,
}

impl KubernetesStore {
    fn new(place: KubernetesPlace, server: Rc<ApiServer>, timeout: Duration) -> Result<Self, StoreError> {
        let seed = identity::seed().map_err(|error| StoreError::refused(error.to_string()))?;
        let member = server.join(&place)?;
        Ok(Self {
            by_name: RefCell::new(if member.is_first { server.leave_by_name() } else { None }),
            member,
            server,
            caller: Caller::new(timeout),
            requests: Request::new(Lease::url_path(&(), Some(&place.namespace))),
            seen: RefCell::default(),
            watch: RefCell::new(None),
            watch_params: WatchParams::default()
                .fields(&format!("metadata.name={}", place.name))
                .timeout(watch::seconds(seed)),
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
        let asked = self.member.asks();
        let lease = self.lease(request).await.map_err(|failure| self.explain(verb, &failure))?;
        let (shown, version) = self.remember(verb, lease)?;
        if version.number > before && shown.holder == written.holder {
            self.member.answered(asked);
            return Ok(version);
        }
        self.server.connection.reconnect();
        let holder = shown.holder.as_ref().map_or("nobody", Identity::as_str);
        let another = StoreError::unknown(format!(
            "the reply is that of another request: it shows version {} held by {holder}. See whether a proxy \
             between here and the API server mixes up replies",
            version.number
        ));
        Err(self.about(verb, &another))
    }

    async fn lease(&self, request: Composed) -> Result<Lease, Failure> {
        let lease = self.server.connection.lease(request, &self.caller).await?;
        if lease.metadata.name.as_ref() == Some(&self.place.name) {
            return Ok(lease);
        }
        self.server.connection.reconnect();
        let name = lease.metadata.name.unwrap_or_default();
        Err(Failure::Lost(format!(
            "the reply shows another Lease, {name:?}. See what mixes up replies on the way"
        )))
    }

    /// The Lease, for somebody else than the election.
    pub(crate) async fn get(&self) -> Result<Option<Lease>, StoreError> {
        // Without a resourceVersion: what the majority of etcd holds, not what a cache does.
        let request = self.requests.get(&self.place.name, &GetParams::default());
        match self.lease(request).await {
            Ok(lease) => Ok(Some(lease)),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(self.explain(Verb::Get, &failure)),
        }
    }

    /// All Leases of the namespace.
    pub(crate) async fn list(&self) -> Result<Vec<Lease>, StoreError> {
        let request = self.requests.list(&ListParams::default());
        let reply = self.server.connection.reply(request, &self.caller).await;
        let reply = reply.map_err(|failure| self.explain(Verb::List, &failure))?;
        serde_json::from_slice(reply.body()).map(|list: List<Lease>| list.items).map_err(|error| {
            let failure = Failure::Lost(format!("the reply is not a list of Leases: {error}"));
            self.explain(Verb::List, &failure)
        })
    }

    /// Asks the API server something else, with the credentials that elections use.
    pub(crate) async fn ask(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, StoreError> {
        let reply = self.server.connection.reply(Ok(request), &self.caller).await;
        reply.map_err(|failure| self.explain(Verb::Ask, &failure))
    }

    fn body(&self, verb: Verb, lease: &Lease) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(lease).map_err(|error| self.about(verb, &StoreError::refused(error.to_string())))
    }

    /// Whether the Lease is to be watched by its name, and not with others.
    ///
    /// # Errors
    /// It cannot be watched at all.
    fn watches_by_name(&self) -> Result<bool, StoreError> {
        if self.member.is_first || self.watch.borrow().is_some() {
            return Ok(true);
        }
        let mut by_name = self.by_name.borrow_mut();
        if !self.member.is_refused() {
            *by_name = None;
            return Ok(false);
        }
        *by_name = by_name.take().or_else(|| self.server.leave_by_name());
        if by_name.is_some() {
            return Ok(true);
        }
        let enough =
            "as many Leases as is fit are watched each by its name, and one watch on all is not allowed";
        Err(self.about(Verb::Watch, &StoreError::unknown(enough)))
    }

    fn open_watch(&self) -> Watch {
        let from = self.resume.borrow().resource_version();
        watch::open(Rc::clone(&self.server.connection), self.requests.watch(&self.watch_params, &from))
    }

    fn poll_watch(&self, context: &mut Context<'_>) -> Poll<Result<Shown, StoreError>> {
        let mut watch = self.watch.borrow_mut();
        let watch = watch.get_or_insert_with(|| self.open_watch());
        let shown = ready!(watch.poll_next_unpin(context));
        let shown = shown.unwrap_or_else(|| Err(watch::ended()));
        Poll::Ready(shown.map_err(|failure| self.explain(Verb::Watch, &failure)))
    }

    async fn next_shown(&self) -> Result<Shown, StoreError> {
        if self.watches_by_name()? {
            return poll_fn(|context| self.poll_watch(context)).await;
        }
        let is_labelled = || self.seen.borrow().newest_is_labelled() != Some(false);
        self.member.next(is_labelled).await.map_err(|failure| {
            let error = self.explain(Verb::WatchAll, &failure);
            // Whoever shares it has been told of a refusal, once for all.
            if error.kind == StoreErrorKind::Refused { StoreError::unknown(error.message) } else { error }
        })
    }

    async fn next_watched(&self) -> Result<Watched, StoreError> {
        loop {
            let shown = self.next_shown().await?;
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
            Shown::Alive => Some(Watched::Alive),
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
        let asked = self.member.asks();
        let found = self.get().await?.map(|lease| self.remember(Verb::Get, lease)).transpose()?;
        self.member.answered(asked);
        Ok(found)
    }

    async fn verify(&self) -> Result<Option<Record>, StoreError> {
        Ok(self.get().await?.map(|lease| record_of(&lease)))
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
            self.watch.replace(None);
            if error.kind == StoreErrorKind::WatchExpired {
                self.resume.borrow_mut().forget();
            }
        }
        watched
    }

    fn close_watch(&self) {
        self.watch.replace(None);
        self.member.give_up();
    }

    async fn proof_of_death(&self, holder: &Identity) {
        if self.place.termination_log.is_none() {
            return pending().await;
        }
        self.server.pods.death_of(holder, &self.place).await;
    }

    fn reconnect(&self) {
        self.server.connection.distrust_after(&self.caller);
    }

    fn begin_attempt(&self, timeout: Duration, urgent: bool) {
        self.caller.begin_attempt(timeout, urgent);
    }

    async fn stand_as(&self, identity: &Identity) -> Result<(), StoreError> {
        pods::leave_proof(identity, &self.place);
        Ok(())
    }
}
