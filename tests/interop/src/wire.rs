//! The network between one process and the API server, which can be cut.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

/// A TCP proxy on loopback. It serves until the test program ends.
#[derive(Debug)]
pub struct Wire {
    port: u16,
    cut: Arc<Cut>,
}

#[derive(Debug, Default)]
struct Cut {
    is_cut: Mutex<bool>,
    changed: Condvar,
}

impl Wire {
    /// A network that is whole.
    #[must_use]
    pub fn to(host: &str, port: u16) -> Self {
        let server = SocketAddr::new(host.parse().expect("an address"), port);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on loopback");
        let port = listener.local_addr().expect("it listens").port();
        let cut = Arc::new(Cut::default());
        thread::spawn({
            let cut = Arc::clone(&cut);
            move || {
                for client in listener.incoming() {
                    // Whoever cannot be connected is told so by a closed connection.
                    let _ = client.and_then(|client| connect(client, server, &cut));
                }
            }
        });
        Self { port, cut }
    }

    /// Where it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing passes, and nobody is told.
    pub fn cut(&self) {
        self.set(true);
    }

    /// What was held up is delivered, as TCP would.
    pub fn mend(&self) {
        self.set(false);
    }

    fn set(&self, is_cut: bool) {
        *self.cut.is_cut.lock().unwrap_or_else(PoisonError::into_inner) = is_cut;
        self.cut.changed.notify_all();
    }
}

fn connect(client: TcpStream, server: SocketAddr, cut: &Arc<Cut>) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        let cut = Arc::clone(cut);
        thread::spawn(move || copy(from, to, &cut));
    }
    Ok(())
}

/// Ends when either end has closed the connection, which closes the other one.
fn copy(mut from: TcpStream, mut to: TcpStream, cut: &Cut) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length) = from.read(&mut buffer) {
        let mut is_cut = cut.is_cut.lock().unwrap_or_else(PoisonError::into_inner);
        while *is_cut {
            is_cut = cut.changed.wait(is_cut).unwrap_or_else(PoisonError::into_inner);
        }
        drop(is_cut);
        if length == 0 || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // An error means that it is closed already.
    let _ = to.shutdown(std::net::Shutdown::Both);
}
