//! What all connections of a server share.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rustls::ServerConfig;
use serde_json::Value;
use tokio::sync::{broadcast, watch};

use super::fault::{Answer, Effect, Fault, Network, Rules, Showing};
use super::leases::{Change, Leases, Said};
use super::request::{Asked, Request};

/// What happens to open watches in the middle.
#[derive(Clone)]
pub(super) struct Interruption {
    /// Whose; `None`: everybody's.
    pub(super) client: Option<String>,
    /// What is sent on them; `None`: they end.
    pub(super) text: Option<String>,
}

/// What all connections share.
pub(super) struct World {
    state: Mutex<State>,
    pub(super) rules: Arc<Rules>,
    /// The newest revision.
    pub(super) news: watch::Sender<u64>,
    pub(super) interruptions: broadcast::Sender<Interruption>,
    /// Connections that the network has swallowed.
    pub(super) frozen: watch::Sender<BTreeSet<usize>>,
    /// The connections before this one are closed.
    pub(super) closed_below: watch::Sender<usize>,
}

pub(super) struct State {
    pub(super) leases: Leases,
    pub(super) asked: Vec<Asked>,
    pub(super) sent: BTreeMap<usize, u64>,
    /// The connections accepted so far, by who has asked on them last.
    pub(super) connections: Vec<String>,
    /// Those of them that have been closed.
    pub(super) left: BTreeSet<usize>,
    /// The most that were open at a time.
    pub(super) most_open: usize,
    pub(super) script: Option<VecDeque<Answer>>,
    pub(super) network: Network,
    pub(super) showing: BTreeMap<String, Showing>,
    pub(super) bookmarks_every: Duration,
    pub(super) certificate: Option<Arc<ServerConfig>>,
}

impl World {
    pub(super) fn new(certificate: Option<Arc<ServerConfig>>, script: Option<VecDeque<Answer>>) -> Self {
        Self {
            state: Mutex::new(State {
                leases: Leases::new(),
                asked: Vec::new(),
                sent: BTreeMap::new(),
                connections: Vec::new(),
                left: BTreeSet::new(),
                most_open: 0,
                script,
                network: Network::Up,
                showing: BTreeMap::new(),
                bookmarks_every: Duration::from_secs(60),
                certificate,
            }),
            rules: Arc::default(),
            news: watch::Sender::new(0),
            interruptions: broadcast::Sender::new(64),
            frozen: watch::Sender::default(),
            closed_below: watch::Sender::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn network(&self) -> Network {
        self.state().network
    }

    pub(super) fn certificate(&self) -> Option<Arc<ServerConfig>> {
        self.state().certificate.clone()
    }

    /// A connection was accepted; its number.
    pub(super) fn came(&self) -> usize {
        let mut state = self.state();
        state.connections.push(String::new());
        state.most_open = state.most_open.max(state.connections.len() - state.left.len());
        state.connections.len() - 1
    }

    pub(super) fn left(&self, connection: usize) {
        self.state().left.insert(connection);
    }

    /// Writes a request down; its number in the log.
    pub(super) fn note(&self, request: &Request) -> usize {
        let mut state = self.state();
        request.client().clone_into(&mut state.connections[request.connection]);
        let fate = String::new();
        state.asked.push(Asked { request: request.clone(), fate, made: None, answered: None });
        state.asked.len() - 1
    }

    pub(super) fn fault_for(&self, index: usize, request: &Request) -> Fault {
        let right = Fault { effect: Effect::Now, answer: Answer::Right };
        let usual = self.rules.for_request(request).unwrap_or(right);
        let mut state = self.state();
        let fault = match &mut state.script {
            Some(script) => Fault::instead(script.pop_front().unwrap_or(Answer::Raw(String::new()))),
            None => usual,
        };
        state.asked[index].fate = format!("{:?}, {:?}", fault.effect, fault.answer);
        fault
    }

    pub(super) fn carry_out(&self, index: usize, request: &Request) -> Said {
        let said = self.change(|leases| leases.carry_out(request));
        let asked = &mut self.state().asked[index];
        asked.made = asked.made.or(said.made);
        said
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Leases) -> T) -> T {
        let mut state = self.state();
        let made = change(&mut state.leases);
        let revision = state.leases.revision();
        drop(state);
        self.news.send_if_modified(|newest| std::mem::replace(newest, revision) != revision);
        made
    }

    pub(super) fn answered(&self, index: usize, status: u16) {
        self.state().asked[index].answered = Some(status);
    }

    pub(super) fn sent(&self, index: usize, bytes: u64) {
        *self.state().sent.entry(index).or_default() += bytes;
    }

    pub(super) fn previous(&self, request: &Request) -> Option<Value> {
        let path: Vec<_> = request.path().split('/').collect();
        let [.., namespace, "leases", name] = path[..] else { return None };
        self.state().leases.previous(namespace, name)
    }

    pub(super) fn all(&self, namespace: &str) -> (Vec<Value>, u64) {
        let state = self.state();
        (state.leases.all(namespace), state.leases.revision())
    }

    pub(super) fn after(&self, revision: u64) -> Result<Option<Change>, String> {
        self.state().leases.after(revision).map(Option::<&Change>::cloned)
    }

    pub(super) fn revision(&self) -> u64 {
        self.state().leases.revision()
    }

    pub(super) fn showing(&self, client: &str) -> Showing {
        self.state().showing.get(client).copied().unwrap_or(Showing::Everything)
    }

    pub(super) fn bookmarks_every(&self) -> Duration {
        self.state().bookmarks_every
    }
}
