//! Where to listen.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use crate::exit::Failure;

const RULE: &str = "write HOST:PORT, for example localhost:4040; :4040 listens on this host's loopback addresses \
                    only, 0.0.0.0:4040 and [::]:4040 on all";

/// Listens at `text`. `localhost`, and no host at all, is 127.0.0.1 and, where there is one, `::1`: clients try
/// one or the other first.
///
/// # Errors
/// It is no address, or cannot be had.
pub(super) fn listen(text: &str) -> Result<Vec<TcpListener>, Failure> {
    let (host, port) = split(text).map_err(Failure::wrong)?;
    if !matches!(host, "" | "localhost") {
        let addresses = resolve(host, port).map_err(|error| {
            Failure::wrong(format!("--http: {text:?} cannot be resolved: {error}: {RULE}"))
        })?;
        return addresses.into_iter().map(bind).collect();
    }
    let first = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    // The same port, if that was the system's choice.
    let port = first.local_addr().map_or(port, |address| address.port());
    let second = TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    let second = match second {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            return Err(in_use(SocketAddr::from((Ipv6Addr::LOCALHOST, port))));
        }
        Err(error) => {
            tracing::debug!("not on ::1: {error}");
            None
        }
        Ok(listener) => Some(listener),
    };
    Ok([Some(first), second].into_iter().flatten().collect())
}

fn split(text: &str) -> Result<(&str, u16), String> {
    let wrong = |what: &str| Err(format!("--http: {text:?} {what}: {RULE}"));
    let Some((host, port)) = text.rsplit_once(':') else { return wrong("has no port") };
    if text.contains('/') {
        return wrong("is a URL, or has a path");
    }
    match port.parse() {
        Ok(port) => Ok((host, port)),
        Err(_) => wrong("does not end with a port from 0 to 65535"),
    }
}

fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => Ok(vec![SocketAddr::from((address, port))]),
        Err(_) => Ok((bare, port).to_socket_addrs()?.collect()),
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => in_use(address),
        io::ErrorKind::PermissionDenied => Failure::new(format!(
            "--http: {address} may not be listened at: {error}. Ports below 1024 take the capability \
             NET_BIND_SERVICE: choose one above, for example 4040"
        )),
        _ => Failure::new(format!(
            "--http: {address} cannot be listened at: {error}. It must be an address of this host"
        )),
    })
}

fn in_use(address: SocketAddr) -> Failure {
    Failure::new(format!(
        "--http: {address} is taken by another process (`ss -ltnp` names it): end that, or choose another port"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("localhost:4040", Ok(("localhost", 4040))),
            (":4040", Ok(("", 4040))),
            ("0.0.0.0:80", Ok(("0.0.0.0", 80))),
            ("[::1]:4040", Ok(("[::1]", 4040))),
            ("4040", Err("has no port")),
            ("localhost:http", Err("does not end with a port")),
            ("localhost:65536", Err("does not end with a port")),
            ("localhost:", Err("does not end with a port")),
            ("http://localhost:4040", Err("is a URL")),
            ("localhost:4040/", Err("is a URL")),
        ] {
            match (split(text), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(problem), Err(part)) => {
                    assert!(problem.contains(part) && problem.contains(RULE), "{problem}");
                }
                (found, expected) => panic!("{text}: {found:?}, not {expected:?}"),
            }
        }
    }

    #[test]
    fn no_host_is_this_host_alone() {
        for text in [":0", "localhost:0"] {
            let listeners = listen(text).unwrap();
            let addresses: Vec<_> = listeners.iter().map(|it| it.local_addr().unwrap()).collect();
            assert!(addresses.iter().all(|address| address.ip().is_loopback()), "{addresses:?}");
            assert!(addresses[0].is_ipv4());
            assert!(addresses.iter().all(|address| address.port() == addresses[0].port()));
        }
    }

    #[test]
    fn a_port_that_is_taken_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let _held = TcpListener::bind(taken).unwrap();
        let failure = listen(&format!(":{}", taken.port())).unwrap_err();
        assert!(failure.message.contains(&format!("{taken} is taken")), "{}", failure.message);
    }
}
