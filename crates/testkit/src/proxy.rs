//! The network between one process and its server, which can be cut.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What happens to the bytes that go one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Traffic {
    /// They pass.
    #[default]
    Passes,
    /// Each piece of them passes so much later.
    IsSlow(Duration),
    /// They wait, to pass once the network is whole: TCP sends again what was not acknowledged.
    IsHeld,
    /// They are gone. The connection is silent from then on, and reset once the network is whole.
    Vanishes,
}

/// A TCP proxy on loopback. Dropping it closes its connections.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    network: Arc<Network>,
}

#[derive(Debug)]
struct Network {
    server: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    requests: Traffic,
    replies: Traffic,
    /// Connections are refused.
    refuses: bool,
    /// The port is open.
    listens: bool,
    ended: bool,
    connections: HashMap<u64, Connection>,
    next: u64,
    /// How often the server has answered into a network that holds replies.
    held_replies: u64,
}

#[derive(Debug)]
struct Connection {
    ends: [TcpStream; 2],
    /// It goes on as a silence: nothing passes, whatever happens to the network.
    is_dead: bool,
    lost_something: bool,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Requests,
    Replies,
}

impl Proxy {
    /// A proxy to a server, as a network that is whole.
    #[must_use]
    pub fn to(server: SocketAddr) -> Self {
        let network = Arc::new(Network { server, state: Mutex::default(), changed: Condvar::new() });
        let listener = listener();
        let port = listener.local_addr().expect("a listener has an address").port();
        network.state().listens = true;
        thread::spawn({
            let network = Arc::clone(&network);
            move || network.serve(port, listener)
        });
        Self { port, network }
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts or slows the network: what is underway and what comes.
    pub fn set(&self, requests: Traffic, replies: Traffic) {
        let mut state = self.network.state();
        state.requests = requests;
        state.replies = replies;
    }

    /// Resets all connections and refuses new ones.
    pub fn refuse(&self) {
        self.network.state().refuses = true;
        // It waits for a connection.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        let state = self.network.state();
        let mut state =
            self.network.changed.wait_while(state, |s| s.listens).unwrap_or_else(PoisonError::into_inner);
        state.connections.drain().for_each(|(_, connection)| connection.close());
    }

    /// Holds replies from now on, and waits until there is one.
    pub fn hold_next_reply(&self, at_most: Duration) {
        let mut state = self.network.state();
        state.replies = Traffic::IsHeld;
        let before = state.held_replies;
        let none_yet = |state: &mut State| state.held_replies == before;
        let held = self.network.changed.wait_timeout_while(state, at_most, none_yet);
        drop(held.unwrap_or_else(PoisonError::into_inner));
    }

    /// Makes the connections that there are silent for ever, as when a middle box forgets them. New
    /// ones are well.
    pub fn forget_connections(&self) {
        self.network.state().connections.values_mut().for_each(|connection| connection.is_dead = true);
    }

    /// Makes the network whole. What was held is delivered; connections that lost something are reset.
    pub fn heal(&self) {
        let mut state = self.network.state();
        (state.requests, state.replies, state.refuses) = (Traffic::Passes, Traffic::Passes, false);
        state.connections.retain(|_, connection| {
            if connection.lost_something {
                connection.close();
            }
            !connection.lost_something
        });
        self.network.changed.notify_all();
        while !state.listens {
            state = self.network.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut state = self.network.state();
        state.ended = true;
        state.connections.drain().for_each(|(_, connection)| connection.close());
        drop(state);
        self.network.changed.notify_all();
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

impl Connection {
    fn close(&self) {
        for end in &self.ends {
            // It may be closed already.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Network {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(self: &Arc<Self>, port: u16, listener: TcpListener) {
        let mut listener = Some(listener);
        loop {
            let accepted = listener.as_ref().map(TcpListener::accept);
            let mut state = self.state();
            if state.refuses {
                listener = None;
                state.listens = false;
                self.changed.notify_all();
                state = self
                    .changed
                    .wait_while(state, |state| state.refuses && !state.ended)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if state.ended {
                return;
            }
            if listener.is_none() {
                listener = Some(
                    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                        .unwrap_or_else(|error| panic!("port {port} was ours: {error}")),
                );
                state.listens = true;
                self.changed.notify_all();
                continue;
            }
            drop(state);
            if let Some(Ok((client, _))) = accepted {
                // If the server cannot be reached, the client finds its connection closed.
                drop(self.connect(client));
            }
        }
    }

    fn connect(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        let server = TcpStream::connect(self.server)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ends = [client.try_clone()?, server.try_clone()?];
        let back = (server.try_clone()?, client.try_clone()?);
        let mut state = self.state();
        let id = state.next;
        state.next += 1;
        state.connections.insert(id, Connection { ends, is_dead: false, lost_something: false });
        drop(state);
        for (way, from, to) in [(Way::Requests, client, server), (Way::Replies, back.0, back.1)] {
            let network = Arc::clone(self);
            thread::spawn(move || network.pump(id, way, from, to));
        }
        Ok(())
    }

    fn pump(&self, id: u64, way: Way, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        loop {
            let count = from.read(&mut buffer).unwrap_or(0);
            if !self.lets_pass(id, way) {
                continue_silently(&mut from, &mut buffer, count);
                return;
            }
            if count == 0 || to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        if let Some(connection) = self.state().connections.remove(&id) {
            connection.close();
        }
    }

    /// Waits until a piece may pass; whether it is not lost.
    fn lets_pass(&self, id: u64, way: Way) -> bool {
        let mut state = self.state();
        if matches!((way, state.replies), (Way::Replies, Traffic::IsHeld)) {
            state.held_replies += 1;
            self.changed.notify_all();
        }
        loop {
            let traffic = match way {
                Way::Requests => state.requests,
                Way::Replies => state.replies,
            };
            let Some(connection) = state.connections.get_mut(&id) else { return true };
            if connection.is_dead {
                return false;
            }
            match traffic {
                Traffic::Passes => return true,
                Traffic::Vanishes => {
                    connection.lost_something = true;
                    return false;
                }
                Traffic::IsHeld => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                Traffic::IsSlow(delay) => {
                    drop(state);
                    thread::sleep(delay);
                    return true;
                }
            }
        }
    }
}

/// Takes what is sent, so that the sender notices nothing, until its end.
fn continue_silently(from: &mut TcpStream, buffer: &mut [u8], mut count: usize) {
    while count > 0 {
        count = from.read(buffer).unwrap_or(0);
    }
}

/// A port that nobody else takes.
pub fn free_port() -> u16 {
    listener().local_addr().expect("a listener has an address").port()
}

/// On a port below those that the kernel gives to connections, so that nobody takes it while it is
/// closed.
fn listener() -> TcpListener {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + u16::try_from(std::process::id() % 100).expect("below 100") * 150;
    for _ in 0..5000 {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 5000;
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return listener;
        }
    }
    panic!("no port is free from {first} on");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    /// A server that sends back what it gets.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    let mut buffer = [0; 100];
                    while let Ok(count @ 1..) = stream.read(&mut buffer) {
                        if stream.write_all(&buffer[..count]).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        address
    }

    fn client(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        stream
    }

    fn hear(stream: &mut TcpStream) -> io::Result<String> {
        let mut buffer = [0; 100];
        let count = stream.read(&mut buffer)?;
        Ok(String::from_utf8_lossy(&buffer[..count]).into_owned())
    }

    fn hears_at_last(stream: &mut TcpStream, expected: &str) {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        assert_eq!(hear(stream).unwrap(), expected);
    }

    fn assert_silent(stream: &mut TcpStream) {
        assert_eq!(hear(stream).unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn what_is_held_comes_later_and_what_vanishes_does_not() {
        let proxy = Proxy::to(echo());
        for (requests, replies) in [
            (Traffic::IsHeld, Traffic::IsHeld),
            (Traffic::IsHeld, Traffic::Passes),
            (Traffic::Passes, Traffic::IsHeld),
        ] {
            let mut stream = client(&proxy);
            stream.write_all(b"one").unwrap();
            hears_at_last(&mut stream, "one");
            proxy.set(requests, replies);
            stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            stream.write_all(b"two").unwrap();
            assert_silent(&mut stream);
            proxy.heal();
            hears_at_last(&mut stream, "two");
        }
        for (requests, replies) in
            [(Traffic::Vanishes, Traffic::Passes), (Traffic::Passes, Traffic::Vanishes)]
        {
            let mut stream = client(&proxy);
            proxy.set(requests, replies);
            stream.write_all(b"one").unwrap();
            assert_silent(&mut stream);
            proxy.heal();
            // Reset, or closed.
            assert!(!matches!(hear(&mut stream), Ok(heard) if !heard.is_empty()));
            let mut another = client(&proxy);
            another.write_all(b"two").unwrap();
            hears_at_last(&mut another, "two");
        }
    }

    #[test]
    fn connections_are_refused_and_then_no_more() {
        let proxy = Proxy::to(echo());
        let mut stream = client(&proxy);
        for _ in 0..3 {
            proxy.refuse();
            assert!(!matches!(hear(&mut stream), Ok(heard) if !heard.is_empty()));
            let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()));
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
            proxy.heal();
            stream = client(&proxy);
            stream.write_all(b"back").unwrap();
            hears_at_last(&mut stream, "back");
            stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        }
    }

    #[test]
    fn a_forgotten_connection_stays_silent_and_a_new_one_is_well() {
        let proxy = Proxy::to(echo());
        let mut old = client(&proxy);
        old.write_all(b"one").unwrap();
        hears_at_last(&mut old, "one");
        proxy.forget_connections();
        old.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        old.write_all(b"two").unwrap();
        assert_silent(&mut old);
        proxy.heal();
        assert_silent(&mut old);
        let mut new = client(&proxy);
        new.write_all(b"three").unwrap();
        hears_at_last(&mut new, "three");
    }
}
