//! One watch on all Leases of ours in a namespace.
//!
//! The first election of a process in a namespace watches its Lease by its name, for which narrow
//! rights suffice. All further ones share one watch, which selects by the label that our writes put on
//! every Lease. It leaves open two questions that a watch by name does not:
//!
//! * What happened before an election joined? Nothing that it does not know, once the watch has
//!   shown its Lease, or once a request of its own has been answered that was sent after the watch had
//!   been opened. Only then is the election told that it may fall silent.
//! * Where is a Lease that is shown as deleted? It may only have left the selection. The election is
//!   told to read it.

use std::cell::RefCell;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::rc::{Rc, Weak};
use std::time::Duration;

use election::{Instant, Watching};
use futures_util::{FutureExt, StreamExt};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Resource;
use kube::api::WatchParams;
use kube::core::Request;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::connection::Connection;
use super::failure::{Failure, Verb};
use super::place::KubernetesPlace;
use super::servers::ApiServer;
use super::watch::{self, Resume, Shown, Watch};
use crate::identity;
use crate::os;
use crate::store::lease::{LABEL, LABELLED, version_of};
use crate::store::{StoreError, StoreErrorKind};

/// The watch of one namespace, for all elections on this thread.
pub(super) struct SharedWatch {
    connection: Rc<Connection>,
    place: KubernetesPlace,
    requests: Request,
    params: WatchParams,
    state: RefCell<State>,
}

struct State {
    members: Vec<Weak<Member>>,
    /// Somebody watches by name, as the first.
    has_first: bool,
    stream: Option<Stream>,
    streams: u64,
    resume: Resume,
    /// Counts what makes the knowledge of the elections uncertain.
    doubts: u64,
    /// When it may be opened again, and why not now.
    watching: Watching,
    broke: Option<Failure>,
    /// We may not watch a namespace: to be tried again then.
    refused_until: Option<Instant>,
    told_of_refusal: bool,
}

/// The watch as it is being opened, or open.
struct Stream {
    number: u64,
    /// It begins with what is, and not where the one before it broke.
    anew: bool,
    open: bool,
    /// Counts what has arrived on it.
    signs: u64,
    _pump: AbortOnDropHandle<()>,
}

/// An election that takes part.
pub(super) struct Member {
    shared: Rc<SharedWatch>,
    name: String,
    pub(super) is_first: bool,
    state: RefCell<Knowledge>,
    news: Notify,
}

/// What an election knows of its Lease, by the watch and beside it.
#[derive(Default)]
struct Knowledge {
    /// What the watch has shown last, unless it was a deletion.
    latest: Option<Lease>,
    /// The election has not been told of that.
    untold: bool,
    /// The number of the last doubt about this Lease.
    doubt: u64,
    /// The number of the last doubt of all when a request was sent that has been answered since.
    answered: Option<u64>,
    subscription: Option<Subscription>,
    /// Why the subscription has ended.
    broke: Option<Failure>,
}

impl Knowledge {
    /// Whether nothing can have happened that neither the election knows nor the watch will show.
    fn is_complete(&self) -> bool {
        self.latest.is_some() || self.answered >= Some(self.doubt)
    }

    fn doubt(&mut self, number: u64) {
        self.latest = None;
        self.untold = false;
        self.doubt = number;
    }

    fn end(&mut self, failure: &Failure) {
        if self.subscription.take().is_some() {
            self.broke = Some(failure.clone());
        }
    }
}

/// An election waits for what a stream shows.
#[derive(Clone, Copy)]
struct Subscription {
    stream: u64,
    /// The signs of life at the last one that it was told of.
    signs: u64,
    told_open: bool,
}

impl SharedWatch {
    /// A pause after a refusal. There are the watches by name meanwhile.
    const PAUSE_AFTER_REFUSAL: Duration = Duration::from_secs(600);
    const RETRY_PERIOD: Duration = Duration::from_secs(2);

    pub(super) fn new(connection: Rc<Connection>, place: &KubernetesPlace) -> Result<Self, StoreError> {
        let seed = identity::seed().map_err(|error| StoreError::refused(error.to_string()))?;
        Ok(Self {
            connection,
            place: place.clone(),
            requests: Request::new(Lease::url_path(&(), Some(&place.namespace))),
            params: WatchParams::default()
                .labels(&format!("{LABEL}={LABELLED}"))
                .timeout(watch::seconds(seed)),
            state: RefCell::new(State {
                members: Vec::new(),
                has_first: false,
                stream: None,
                streams: 0,
                resume: Resume::default(),
                doubts: 0,
                watching: Watching::new(Self::RETRY_PERIOD, seed, os::now()),
                broke: None,
                refused_until: None,
                told_of_refusal: false,
            }),
        })
    }

    pub(super) fn is_of(&self, namespace: &str) -> bool {
        self.place.namespace == namespace
    }

    pub(super) fn join(self: &Rc<Self>, name: &str) -> Rc<Member> {
        let mut state = self.state.borrow_mut();
        let member = Rc::new(Member {
            shared: Rc::clone(self),
            name: name.to_owned(),
            is_first: !mem::replace(&mut state.has_first, true),
            state: RefCell::default(),
            news: Notify::new(),
        });
        state.members.retain(|member| member.strong_count() > 0);
        state.members.push(Rc::downgrade(&member));
        member
    }

    fn members(&self) -> Vec<Rc<Member>> {
        self.state.borrow().members.iter().filter_map(Weak::upgrade).collect()
    }

    /// Whether a watch of the namespace was refused not long ago.
    pub(super) fn is_refused(&self) -> bool {
        self.state.borrow().refused_until.is_some_and(|until| os::now() < until)
    }

    /// Waits for what the watch shows, having it opened if it is not.
    ///
    /// # Errors
    /// It broke, and is not to be opened again yet.
    fn subscribe(self: &Rc<Self>) -> Result<Subscription, Failure> {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        if state.stream.is_none() {
            if state.watching.tend(Duration::MAX, os::now()) || !state.watching.is_wanted() {
                let not_yet = || Failure::Lost("the watch is to be opened later".to_owned());
                return Err(state.broke.clone().unwrap_or_else(not_yet));
            }
            let from = state.resume.resource_version();
            let watch = watch::open(Rc::clone(&self.connection), self.requests.watch(&self.params, &from));
            let pump = tokio::task::spawn_local(pump(Rc::downgrade(self), watch));
            state.streams += 1;
            state.stream = Some(Stream {
                number: state.streams,
                anew: from.is_empty(),
                open: false,
                signs: 0,
                _pump: AbortOnDropHandle::new(pump),
            });
        }
        let (stream, signs) = state.stream.as_ref().map_or((0, 0), |stream| (stream.number, stream.signs));
        Ok(Subscription { stream, signs, told_open: false })
    }

    /// Waits for a watch that is about to be opened: whoever asked too early would ask again late.
    async fn until_it_opens_soon(&self) {
        let due = {
            let state = self.state.borrow();
            state
                .watching
                .due(Duration::MAX)
                .filter(|_| state.stream.is_none() && !state.watching.is_wanted())
        };
        let wait = due.map(|due| due.since(os::now())).filter(|wait| *wait <= Self::RETRY_PERIOD / 4);
        tokio::time::sleep(wait.unwrap_or_default()).await;
    }

    fn show(&self, shown: Shown) -> Result<(), Failure> {
        let members = self.members();
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let Some(stream) = &mut state.stream else { return Ok(()) };
        stream.signs += 1;
        match shown {
            Shown::Opened => {
                stream.open = true;
                state.watching.showed(os::now());
                state.told_of_refusal = false;
                if stream.anew {
                    state.doubts += 1;
                    members.iter().for_each(|member| member.state.borrow_mut().doubt(state.doubts));
                }
                members.iter().for_each(|member| member.news.notify_one());
            }
            Shown::Bookmark(version) => {
                state.resume.note(version);
                members.iter().for_each(|member| member.news.notify_one());
            }
            Shown::Alive => {}
            Shown::Present(lease) => {
                state.resume.note(number_of(&lease)?);
                for member in members.iter().filter(|member| member.stands_for(&lease)) {
                    let mut knows = member.state.borrow_mut();
                    knows.latest = Some(lease.clone());
                    knows.untold = true;
                    member.news.notify_one();
                }
            }
            Shown::Deleted(lease) => {
                state.resume.note(number_of(&lease)?);
                state.doubts += 1;
                let left = Failure::Uncertain("the Lease was deleted, or has lost our label".to_owned());
                for member in members.iter().filter(|member| member.stands_for(&lease)) {
                    let mut knows = member.state.borrow_mut();
                    knows.doubt(state.doubts);
                    if knows.subscription.is_some_and(|subscription| subscription.told_open) {
                        knows.end(&left);
                        member.news.notify_one();
                    }
                }
            }
        }
        Ok(())
    }

    /// The stream ended, for all.
    fn broke(&self, failure: &Failure) {
        let now = os::now();
        let mut state = self.state.borrow_mut();
        state.stream = None;
        state.watching.broke(false, now);
        state.broke = Some(failure.clone());
        let error = failure.explain(Verb::WatchAll, &self.place);
        if error.kind == StoreErrorKind::WatchExpired {
            state.resume.forget();
        }
        if failure.is_forbidden() {
            state.refused_until = Some(now + Self::PAUSE_AFTER_REFUSAL);
        }
        let is_news = failure.is_answer()
            && error.kind == StoreErrorKind::Refused
            && !mem::replace(&mut state.told_of_refusal, true);
        drop(state);
        if is_news {
            let until_then = if failure.is_forbidden() {
                format!("no more than {} Leases are watched, each by its name", ApiServer::MOST_BY_NAME)
            } else {
                "only the first Lease of the namespace is watched".to_owned()
            };
            tracing::warn!("{error}\nUntil then {until_then}, and all others polled");
        }
        for member in self.members() {
            member.state.borrow_mut().end(failure);
            member.news.notify_one();
        }
    }

    /// Nobody waits for what is shown any more: the server need not send it.
    fn close_if_unused(&self) {
        let in_use = |member: &Rc<Member>| member.state.borrow().subscription.is_some();
        if !self.members().iter().any(in_use) {
            self.state.borrow_mut().stream = None;
        }
    }
}

/// Takes in what the watch shows. A panic is its end, and nothing more: nobody's claim rests on it.
async fn pump(shared: Weak<SharedWatch>, watch: Watch) {
    let taken_in = AssertUnwindSafe(take_in(shared.clone(), watch)).catch_unwind();
    if let (Err(_), Some(shared)) = (taken_in.await, shared.upgrade()) {
        shared.broke(&Failure::Lost("the watch failed in this process".to_owned()));
    }
}

async fn take_in(shared: Weak<SharedWatch>, mut watch: Watch) {
    loop {
        let shown = watch.next().await.unwrap_or_else(|| Err(watch::ended()));
        let Some(shared) = shared.upgrade() else { return };
        if let Err(failure) = shown.and_then(|shown| shared.show(shown)) {
            return shared.broke(&failure);
        }
    }
}

fn number_of(lease: &Lease) -> Result<u64, Failure> {
    version_of(lease).map(|version| version.number).map_err(|error| Failure::Lost(error.message))
}

impl Member {
    fn stands_for(&self, lease: &Lease) -> bool {
        lease.metadata.name.as_ref() == Some(&self.name)
    }

    /// Whether the shared watch is refused, so that the Lease must be watched by its name.
    pub(super) fn is_refused(&self) -> bool {
        self.shared.is_refused()
    }

    /// To be passed to [`answered`](Self::answered) once what is sent now was answered.
    pub(super) fn asks(&self) -> u64 {
        self.shared.state.borrow().doubts
    }

    /// The election has learnt how its Lease was, at some instant since it [asked](Self::asks).
    pub(super) fn answered(&self, asked: u64) {
        let mut knows = self.state.borrow_mut();
        knows.answered = knows.answered.max(Some(asked));
        self.news.notify_one();
    }

    /// Waits for the next that is shown; the first is that the watch is open. Cancel-safe.
    ///
    /// `is_labelled` tells whether the Lease as it is known now is among those that are watched: as
    /// long as it is not, this waits.
    pub(super) async fn next(&self, is_labelled: impl Fn() -> bool) -> Result<Shown, Failure> {
        loop {
            self.shared.until_it_opens_soon().await;
            if let Some(shown) = self.take(is_labelled())? {
                return Ok(shown);
            }
            self.news.notified().await;
        }
    }

    fn take(&self, is_labelled: bool) -> Result<Option<Shown>, Failure> {
        let mut knows = self.state.borrow_mut();
        if let Some(failure) = knows.broke.take() {
            return Err(failure);
        }
        if !is_labelled {
            let Some(subscription) = knows.subscription.take() else { return Ok(None) };
            drop(knows);
            self.shared.close_if_unused();
            return if subscription.told_open {
                Err(Failure::Uncertain("the Lease has lost our label".to_owned()))
            } else {
                Ok(None)
            };
        }
        let mut subscription = match knows.subscription {
            Some(subscription) => subscription,
            None => self.shared.subscribe()?,
        };
        let state = self.shared.state.borrow();
        let shown = match &state.stream {
            Some(stream) if !subscription.told_open && stream.open && knows.is_complete() => {
                subscription.told_open = true;
                Some(Shown::Opened)
            }
            Some(_) if subscription.told_open && mem::take(&mut knows.untold) => {
                knows.latest.clone().map(Shown::Present)
            }
            Some(stream) if subscription.told_open && stream.signs > subscription.signs => Some(Shown::Alive),
            _ => None,
        };
        if let (Some(stream), Some(_)) = (&state.stream, &shown) {
            subscription.signs = stream.signs;
        }
        knows.subscription = Some(subscription);
        Ok(shown)
    }

    /// The election has not been told of anything for too long. If nobody else has, the watch is dead.
    pub(super) fn give_up(&self) {
        let Some(subscription) = self.state.borrow_mut().subscription.take() else { return };
        let silent = self.shared.state.borrow().stream.as_ref().is_some_and(|stream| {
            stream.number == subscription.stream
                && stream.signs == subscription.signs
                && (subscription.told_open || !stream.open)
        });
        if silent {
            self.shared.broke(&Failure::Lost("the watch was silent for too long".to_owned()));
        } else {
            self.shared.close_if_unused();
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.is_first {
            self.shared.state.borrow_mut().has_first = false;
        }
        self.shared.close_if_unused();
    }
}
