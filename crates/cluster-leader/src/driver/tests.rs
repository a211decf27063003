//! The driver over a store in memory that can be made to fail.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use election::{Identity, LostReason, Record, Seen, Timing, Version};
use tokio::sync::Notify;
use tokio::task::LocalSet;

use super::stand::Candidate;
use crate::error::Error;
use crate::options::{Place, Resolved};
use crate::shared::Shared;
use crate::status::{ChangeKind, State};
use crate::store::{FilePlace, Store, StoreError, StoreErrorKind, Watched};

/// The record that all candidates of a test share.
#[derive(Default)]
struct Server {
    record: RefCell<Option<(Record, Version)>>,
    counter: Cell<u64>,
    /// Requests hang: neither done nor answered.
    hangs: Cell<bool>,
    /// How long a request takes.
    delay: Cell<Duration>,
    /// Whoever holds the record is proven dead, each time somebody asks.
    holders_are_dead: Cell<bool>,
    /// Watches are refused.
    watch_forbidden: Cell<bool>,
    reads: Cell<u32>,
    watchers: RefCell<Vec<Rc<Watcher>>>,
}

#[derive(Default)]
struct Watcher {
    seen: RefCell<VecDeque<Seen>>,
    news: Notify,
}

impl Server {
    fn put(&self, record: &Record, uid: Option<Arc<str>>) -> Version {
        self.counter.set(self.counter.get() + 1);
        let number = self.counter.get();
        let version = Version { uid: uid.unwrap_or_else(|| format!("uid-{number}").into()), number };
        *self.record.borrow_mut() = Some((record.clone(), version.clone()));
        for watcher in self.watchers.borrow().iter() {
            watcher.seen.borrow_mut().push_back(Seen::Present(record.clone(), version.clone()));
            watcher.news.notify_one();
        }
        version
    }

    async fn gate(&self) {
        if self.hangs.get() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(self.delay.get()).await;
    }
}

struct MemoryStore {
    server: Rc<Server>,
    watcher: RefCell<Option<Rc<Watcher>>>,
}

impl Store for MemoryStore {
    fn describe(&self) -> String {
        "memory".to_owned()
    }

    async fn read(&self) -> Result<Option<(Record, Version)>, StoreError> {
        self.server.gate().await;
        self.server.reads.set(self.server.reads.get() + 1);
        Ok(self.server.record.borrow().clone())
    }

    async fn create(&self, record: &Record) -> Result<Version, StoreError> {
        self.server.gate().await;
        if self.server.record.borrow().is_some() {
            return Err(StoreError::new(StoreErrorKind::AlreadyExists, "there is one"));
        }
        Ok(self.server.put(record, None))
    }

    async fn update(&self, record: &Record, version: &Version) -> Result<Version, StoreError> {
        self.server.gate().await;
        match self.server.record.borrow().as_ref() {
            None => return Err(StoreError::new(StoreErrorKind::NotFound, "there is none")),
            Some((_, current)) if current != version => {
                return Err(StoreError::new(StoreErrorKind::Conflict, "another version"));
            }
            Some(_) => {}
        }
        Ok(self.server.put(record, Some(version.uid.clone())))
    }

    async fn watch(&self) -> Result<Watched, StoreError> {
        if self.server.watch_forbidden.get() {
            return Err(StoreError::refused("watching is forbidden"));
        }
        let open = self.watcher.borrow().clone();
        let Some(watcher) = open else {
            let watcher = Rc::new(Watcher::default());
            self.server.watchers.borrow_mut().push(watcher.clone());
            *self.watcher.borrow_mut() = Some(watcher);
            return Ok(Watched::Opened);
        };
        loop {
            if let Some(seen) = watcher.seen.borrow_mut().pop_front() {
                return Ok(Watched::Seen(seen));
            }
            watcher.news.notified().await;
        }
    }

    fn close_watch(&self) {
        *self.watcher.borrow_mut() = None;
    }

    async fn proof_of_death(&self, _: &Identity) {
        if !self.server.holders_are_dead.get() {
            std::future::pending::<()>().await;
        }
    }

    fn reconnect(&self) {}

    async fn stand_as(&self, _: &Identity) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Far above what anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn shared(name: &str, heartbeat: Option<Duration>) -> Arc<Shared> {
    shared_in(&std::env::temp_dir(), name, heartbeat)
}

fn shared_in(directory: &Path, name: &str, heartbeat: Option<Duration>) -> Arc<Shared> {
    Arc::new(Shared::new(resolved(directory, name, heartbeat)).unwrap())
}

fn resolved(directory: &Path, name: &str, heartbeat: Option<Duration>) -> Resolved {
    Resolved {
        election: "test".to_owned(),
        instance_name: name.to_owned(),
        timing: Timing::new(Duration::from_secs(2), Duration::from_secs(1), Duration::from_millis(200))
            .unwrap(),
        heartbeat,
        wait_until_ready: false,
        health_checked: false,
        defer_step_down: false,
        place: Place::File(FilePlace::new(directory, "test").unwrap()),
    }
}

fn candidate(server: &Rc<Server>, name: &str) -> Arc<Shared> {
    candidate_with(server, shared(name, None))
}

fn candidate_with(server: &Rc<Server>, shared: Arc<Shared>) -> Arc<Shared> {
    let store = MemoryStore { server: server.clone(), watcher: RefCell::default() };
    tokio::task::spawn_local({
        let shared = shared.clone();
        async move {
            Candidate::stand(&shared, &store).await.unwrap();
            shared.set_stopped();
        }
    });
    shared
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn leads(shared: &Shared) -> bool {
    shared.claim().is_leading(crate::os::now)
}

fn terms(shared: &Shared) -> Vec<ChangeKind> {
    let is_term = |kind: &ChangeKind| matches!(kind, ChangeKind::Acquired { .. } | ChangeKind::Lost { .. });
    shared.changes(0).into_iter().map(|change| change.kind).filter(is_term).collect()
}

fn in_a_thread_of_its_own<F: Future<Output = ()>>(test: impl FnOnce(Rc<Server>) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(test(Rc::new(Server::default()))));
}

#[test]
fn g7_a_stopped_leader_is_followed_at_once() {
    in_a_thread_of_its_own(|server| async move {
        let first = candidate(&server, "first");
        until("the first leads", || leads(&first)).await;
        let second = candidate(&server, "second");
        until("the second follows", || second.status().leader.as_deref() == Some("first")).await;
        assert!(!leads(&second));

        first.begin_stop();
        assert!(!leads(&first), "the answer is no before the call returns");
        until("the second leads", || leads(&second)).await;
        until("the first has ended", || first.status().state == State::Stopped).await;
        let [
            ChangeKind::Acquired { token: first_token, .. },
            ChangeKind::Lost { token, reason: LostReason::Stopped },
        ] = terms(&first)[..]
        else {
            panic!("{:?}", terms(&first))
        };
        assert_eq!(token, first_token);
        assert!(second.status().fencing_token > Some(first_token));
    });
}

/// Without the driver taking a proof once, this would not fail but never end.
#[test]
fn g8_a_proof_of_death_leaves_the_thread_to_the_take_over() {
    in_a_thread_of_its_own(|server| async move {
        let dead = Record {
            holder: Some(Identity::from("dead_1")),
            lease_duration: Some(Duration::from_secs(3600)),
            ..Record::default()
        };
        server.put(&dead, None);
        server.holders_are_dead.set(true);
        server.delay.set(Duration::from_millis(5));
        let heir = candidate(&server, "heir");
        until("the heir leads", || leads(&heir)).await;
    });
}

#[test]
fn g1_a_leader_whose_store_hangs_answers_no_at_its_deadline_and_leads_again_later() {
    in_a_thread_of_its_own(|server| async move {
        let only = candidate(&server, "only");
        until("it leads", || leads(&only)).await;
        server.hangs.set(true);
        let renew_deadline = only.timing().renew_deadline();
        assert!(only.claim().remaining(crate::os::now) <= renew_deadline);
        until("the claim has ended", || !leads(&only)).await;
        until("it says why", || {
            matches!(terms(&only).last(), Some(ChangeKind::Lost { reason: LostReason::Expired, .. }))
        })
        .await;
        let status = only.status();
        assert!(status.last_problem.is_some_and(|problem| problem.contains("no answer")));
        until("it goes on", || only.status().problem_for > status.problem_for).await;

        server.hangs.set(false);
        until("it leads again", || leads(&only)).await;
        until("nothing is wrong any more", || only.status().last_problem.is_none()).await;
        assert_eq!(only.status().problem_for, Duration::ZERO);
    });
}

#[test]
fn renewals_are_counted_and_timed() {
    in_a_thread_of_its_own(|server| async move {
        let delay = Duration::from_millis(20);
        server.delay.set(delay);
        let only = candidate(&server, "only");
        until("it leads", || leads(&only)).await;
        assert_eq!(only.status().renewals.count, 0, "what acquires renews nothing");
        until("it has renewed twice", || only.status().renewals.count == 2).await;
        let renewals = only.status().renewals;
        assert!(renewals.last_took >= delay && renewals.took >= renewals.last_took + delay, "{renewals:?}");
        assert_eq!(server.counter.get(), 3, "one that acquired, and two renewals");
    });
}

#[test]
fn a_step_down_hands_over_and_sits_out() {
    in_a_thread_of_its_own(|server| async move {
        let first = candidate(&server, "first");
        until("the first leads", || leads(&first)).await;
        let second = candidate(&server, "second");
        until("the second follows", || second.status().leader.as_deref() == Some("first")).await;
        first.step_down();
        assert!(!leads(&first), "the answer is no before the call returns");
        until("the second leads", || leads(&second)).await;
        assert!(!leads(&first));
        second.step_down();
        until("it goes back", || leads(&first)).await;
    });
}

#[test]
fn who_asks_for_a_step_down_is_heard_by_the_host_where_it_wants_to_decide() {
    for defer in [false, true] {
        in_a_thread_of_its_own(|server| async move {
            let resolved = resolved(&std::env::temp_dir(), "first", None);
            let first = Shared::new(Resolved { defer_step_down: defer, ..resolved }).unwrap();
            let first = candidate_with(&server, Arc::new(first));
            until("the first leads", || leads(&first)).await;
            let second = candidate(&server, "second");
            until("the second follows", || second.status().leader.as_deref() == Some("first")).await;
            let (record, version) = server.record.borrow().clone().unwrap();
            let asking = Record { step_down: record.holder.clone(), ..record };
            server.put(&asking, Some(version.uid));
            if defer {
                until("the host is told", || first.status().asked_to_step_down).await;
                assert!(leads(&first), "it leads until the host has ended its work");
                first.step_down();
            }
            until("the second leads", || leads(&second)).await;
            assert!(!first.status().asked_to_step_down);
        });
    }
}

#[test]
fn where_watching_is_forbidden_followers_poll() {
    in_a_thread_of_its_own(|server| async move {
        server.watch_forbidden.set(true);
        let first = candidate(&server, "first");
        until("the first leads", || leads(&first)).await;
        let second = candidate(&server, "second");
        let reads = server.reads.get();
        until("the second polls", || server.reads.get() >= reads + 5).await;
        first.begin_stop();
        until("the second leads", || leads(&second)).await;
    });
}

#[test]
fn g10_a_follower_with_a_watch_is_silent() {
    in_a_thread_of_its_own(|server| async move {
        let first = candidate(&server, "first");
        until("the first leads", || leads(&first)).await;
        let second = candidate(&server, "second");
        until("the second follows", || second.status().leader.as_deref() == Some("first")).await;
        let (reads, writes) = (server.reads.get(), server.counter.get());
        until("the leader renewed six times", || server.counter.get() >= writes + 6).await;
        assert_eq!(server.reads.get(), reads, "nobody reads while the watch shows everything");
    });
}

#[test]
fn a_host_that_stops_beating_does_not_lead_until_it_moves_again() {
    in_a_thread_of_its_own(|server| async move {
        let stuck = candidate_with(&server, shared("stuck", Some(Duration::from_millis(700))));
        until("it leads", || leads(&stuck)).await;
        until("it is noticed", || !leads(&stuck)).await;
        assert!(matches!(terms(&stuck).last(), Some(ChangeKind::Lost { reason: LostReason::HostStuck, .. })));
        let other = candidate(&server, "other");
        until("another leads", || leads(&other)).await;
        stuck.beat();
        other.begin_stop();
        until("it stands again", || {
            stuck.beat();
            leads(&stuck)
        })
        .await;
    });
}

#[test]
fn g7_a_host_that_is_not_healthy_hands_over_at_once_and_stands_again_when_it_is() {
    in_a_thread_of_its_own(|server| async move {
        let ill = candidate(&server, "ill");
        until("it leads", || leads(&ill)).await;
        ill.set_healthy(false);
        ill.set_healthy(false);
        assert!(!leads(&ill), "the answer is no before anything else");
        let other = candidate(&server, "other");
        until("another leads", || leads(&other)).await;
        assert!(matches!(terms(&ill).last(), Some(ChangeKind::Lost { reason: LostReason::Unhealthy, .. })));
        other.begin_stop();
        until("the other has ended", || other.is_stopped()).await;
        assert!(!leads(&ill), "it does not stand before it is healthy");
        ill.set_healthy(true);
        until("it leads again", || leads(&ill)).await;
        ill.set_healthy(false);
        ill.set_healthy(true);
        until("it leads, however short it was ill", || leads(&ill)).await;
    });
}

#[test]
fn verify_asks_the_store() {
    in_a_thread_of_its_own(|server| async move {
        let first = candidate(&server, "first");
        until("the first leads", || leads(&first)).await;
        let ask = |shared: &Arc<Shared>| {
            let shared = shared.clone();
            tokio::task::spawn_blocking(move || shared.verify())
        };
        assert!(ask(&first).await.unwrap().unwrap());
        let second = candidate(&server, "second");
        until("the second follows", || second.status().leader.is_some()).await;
        assert!(!ask(&second).await.unwrap().unwrap());
        server.hangs.set(true);
        let error = ask(&second).await.unwrap().unwrap_err().to_string();
        assert!(error.contains("no answer"), "{error}");
    });
}

#[test]
fn verify_of_an_election_that_is_stopped_meanwhile_waits_no_longer() {
    let asked = shared("asked", None);
    let asking = std::thread::spawn({
        let asked = asked.clone();
        move || asked.verify().unwrap_err()
    });
    std::thread::sleep(Duration::from_millis(20)); // That it waits already is likely, and not needed.
    asked.set_stopped();
    let error = asking.join().unwrap();
    assert!(matches!(error, Error::Stopped), "{error}");
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// On the thread that all elections of the process share.
#[test]
fn g8_a_panic_of_the_thread_withdraws_all_claims_and_every_election_begins_anew() {
    let directory = tempfile::tempdir().unwrap();
    let elections = ["a", "b"].map(|name| {
        let directory = directory.path().join(name);
        let shared = shared_in(&directory, name, None);
        super::start(&shared).unwrap();
        shared
    });
    wait_until("both lead", || elections.iter().all(|shared| leads(shared)));
    let [first, second] = &elections;
    let identities = [first, second].map(|shared| shared.status().identity);

    first.send(super::Command::Panic);
    for shared in &elections {
        wait_until("the claim is withdrawn", || {
            matches!(terms(shared).get(1), Some(ChangeKind::Lost { reason: LostReason::DriverFailed, .. }))
        });
    }
    wait_until("both lead again", || elections.iter().all(|shared| leads(shared)));
    for (shared, before) in elections.iter().zip(identities) {
        assert_ne!(shared.status().identity, before, "a restarted driver never inherits a claim");
    }

    // What is asked of an election while the thread restarts is not lost either.
    second.send(super::Command::Panic);
    first.stop();
    assert!(!leads(first));
    wait_until("the first has ended", || first.status().state == State::Stopped);
    wait_until("the second leads again", || leads(second));
    second.stop();
}

#[test]
fn g11_the_thread_leaves_all_signals_to_the_host() {
    let directory = tempfile::tempdir().unwrap();
    let shared = shared_in(directory.path(), "a", None);
    super::start(&shared).unwrap();
    wait_until("it leads", || leads(&shared));
    let thread = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).unwrap())
        .find(|status| status.contains("cluster-leader\n"))
        .expect("the election thread");
    let blocked = thread.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
    let blocked = u64::from_str_radix(blocked.trim(), 16).unwrap();
    for signal in [libc::SIGPIPE, libc::SIGTERM, libc::SIGINT, libc::SIGUSR1, libc::SIGCHLD] {
        assert_ne!(blocked & (1 << (signal - 1)), 0, "signal {signal} is not blocked: {blocked:x}");
    }
    shared.stop();
}
