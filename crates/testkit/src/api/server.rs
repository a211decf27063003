//! The server and what a test can do to it.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::oneshot;

use super::connection;
use super::fault::{Answer, Fault, Injection, Network, Showing};
use super::leases::Leases;
use super::request::{Asked, Request};
use super::tls::Certificate;
use super::world::{Interruption, State, World};

/// A fake API server on the loopback interface, until it is dropped.
pub struct ApiServer {
    port: u16,
    world: Arc<World>,
    /// Dropped, it ends the server's thread.
    _alive: oneshot::Sender<()>,
}

impl ApiServer {
    /// A server that speaks plain HTTP and has no Leases.
    #[must_use]
    pub fn start() -> Self {
        Self::with(None, None)
    }

    /// A server that speaks TLS.
    #[must_use]
    pub fn start_tls(certificate: &Certificate) -> Self {
        Self::with(Some(certificate), None)
    }

    /// A server that gives these answers, whatever it is asked, and then closes connections.
    #[must_use]
    pub fn scripted(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(None, Some(answers.into_iter().collect()))
    }

    /// A [scripted](Self::scripted) server that speaks TLS.
    #[must_use]
    pub fn scripted_tls(certificate: &Certificate, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(Some(certificate), Some(answers.into_iter().collect()))
    }

    fn with(certificate: Option<&Certificate>, script: Option<VecDeque<Answer>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let world = Arc::new(World::new(certificate.map(|certificate| Arc::clone(&certificate.0)), script));
        let (alive, ended) = oneshot::channel();
        let serving = Arc::clone(&world);
        thread::Builder::new()
            .name("fake-api-server".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    tokio::select! {
                        () = accept(listener, serving) => {}
                        _ = ended => {}
                    }
                });
            })
            .unwrap();
        Self { port, world, _alive: alive }
    }

    // ---- where it is, what it has seen -----------------------------------------------------

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:PORT`, or `https`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.world.certificate().is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Every request so far, in the order in which they arrived, and what became of it.
    #[must_use]
    pub fn log(&self) -> Vec<Asked> {
        self.world.state().asked.clone()
    }

    /// Every request so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Request> {
        self.world.state().asked.iter().map(|asked| asked.request.clone()).collect()
    }

    /// The last request.
    #[must_use]
    pub fn last(&self) -> Request {
        self.asked().pop().expect("a request")
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.world.state().connections.len()
    }

    /// How many connections are open, by who has asked on them last.
    #[must_use]
    pub fn open_connections(&self) -> Vec<String> {
        let state = self.world.state();
        let open = state.connections.iter().enumerate().filter(|(number, _)| !state.left.contains(number));
        open.map(|(_, of)| of.clone()).collect()
    }

    /// The most connections that were open at a time.
    #[must_use]
    pub fn most_open_connections(&self) -> usize {
        self.world.state().most_open
    }

    /// How many bytes of [huge](Answer::Huge) answers were taken off the server's hands.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.world.state().sent.values().sum()
    }

    /// Waits until so many requests have arrived.
    pub async fn until_asked(&self, requests: usize) {
        self.until(|state| state.asked.len() >= requests).await;
    }

    /// Waits until so many connections have been closed.
    pub async fn until_left(&self, connections: usize) {
        self.until(|state| state.left.len() >= connections).await;
    }

    async fn until(&self, reached: impl Fn(&State) -> bool) {
        let begun = Instant::now();
        while !reached(&self.world.state()) {
            assert!(begun.elapsed() < Duration::from_secs(30), "did not happen within 30 s");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    // ---- its Leases ------------------------------------------------------------------------

    /// A Lease as it is.
    #[must_use]
    pub fn lease(&self, namespace: &str, name: &str) -> Option<Value> {
        self.world.state().leases.get(namespace, name).cloned()
    }

    /// Somebody else makes a Lease.
    pub fn add(&self, namespace: &str, name: &str, lease: Value) {
        self.world.change(|leases| leases.add(namespace, name, lease));
    }

    /// Somebody else edits a Lease.
    pub fn edit(&self, namespace: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        self.world.change(|leases| leases.edit(namespace, name, edit));
    }

    /// Somebody else deletes a Lease.
    pub fn delete(&self, namespace: &str, name: &str) {
        self.world.change(|leases| leases.delete(namespace, name));
    }

    /// Forgets what happened so far: watches cannot go on from there.
    pub fn compact(&self) {
        self.world.change(Leases::compact);
    }

    // ---- what goes wrong -------------------------------------------------------------------

    /// One more answer of a [scripted](Self::scripted) server.
    pub fn then(&self, answer: Answer) {
        self.world.state().script.get_or_insert_default().push_back(answer);
    }

    /// From now on, and until what is returned is dropped, this becomes of requests to which it
    /// applies.
    pub fn inject(
        &self,
        fault: Fault,
        applies: impl Fn(&Request) -> bool + Send + Sync + 'static,
    ) -> Injection {
        self.world.rules.add(fault, None, applies)
    }

    /// The same, for the next so many of them.
    pub fn inject_times(
        &self,
        times: usize,
        fault: Fault,
        applies: impl Fn(&Request) -> bool + Send + Sync + 'static,
    ) -> Injection {
        self.world.rules.add(fault, Some(times), applies)
    }

    /// What the network does from now on, to the connections that are open too.
    pub fn set_network(&self, network: Network) {
        self.world.state().network = network;
        match network {
            Network::Up => {}
            Network::BlackHole => self.freeze(None),
            Network::Down => self.close_connections(),
        }
    }

    /// All connections that are open are closed.
    pub fn close_connections(&self) {
        self.world.closed_below.send_replace(self.connections());
    }

    /// The connections on which this client has asked last (all, if none is named) go on to look
    /// open, and carry nothing any more: as if the server had gone without a word.
    pub fn freeze(&self, client: Option<&str>) {
        let connections = self.world.state().connections.clone();
        self.world.frozen.send_modify(|frozen| {
            frozen.extend(
                connections
                    .iter()
                    .enumerate()
                    .filter(|(_, of)| client.is_none_or(|client| client == *of))
                    .map(|(number, _)| number),
            );
        });
    }

    /// What this client's watches show from now on.
    pub fn show(&self, client: &str, showing: Showing) {
        self.world.state().showing.insert(client.to_owned(), showing);
    }

    /// Ends the watches that are open, this client's or all.
    pub fn end_watches(&self, client: Option<&str>) {
        self.interrupt(client, None);
    }

    /// Sends this on the watches that are open, this client's or all.
    pub fn send_on_watches(&self, client: Option<&str>, text: &str) {
        self.interrupt(client, Some(text.to_owned()));
    }

    fn interrupt(&self, client: Option<&str>, text: Option<String>) {
        // Nobody watches: nobody is interrupted.
        drop(self.world.interruptions.send(Interruption { client: client.map(str::to_owned), text }));
    }

    /// How often watches that ask for it are shown a bookmark: each minute, unless this is called.
    pub fn set_bookmarks_every(&self, period: Duration) {
        self.world.state().bookmarks_every = period;
    }

    /// What a server with TLS shows to those who connect from now on.
    pub fn set_certificate(&self, certificate: &Certificate) {
        if let Some(shown) = &mut self.world.state().certificate {
            *shown = Arc::clone(&certificate.0);
        }
    }
}

async fn accept(listener: TcpListener, world: Arc<World>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        let number = world.came();
        tokio::spawn(connection::serve(tcp, number, Arc::clone(&world)));
    }
}
