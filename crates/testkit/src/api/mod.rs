//! A fake API server for Leases that makes mistakes on request.
//!
//! It is a small real one: a linearizable store of Leases behind HTTP/1.1 on the loopback interface,
//! plain or with TLS, that speaks as the API server does (`get`, `create`, guarded `update`, `watch`
//! with bookmarks and 410). What it does to a [`Request`] is a [`Fault`]: when the request takes
//! effect ([`Effect`]) and what the client sees of it ([`Answer`]) are two different things.
//!
//! | file | what |
//! |---|---|
//! | `leases.rs` | the store, without any fault |
//! | `fault.rs` | what may go wrong with a request |
//! | `connection.rs`, `watch.rs`, `http.rs` | serving: here the faults happen |
//! | `request.rs` | what was asked, when, by whom, and what became of it |
//! | `server.rs`, `world.rs` | what a test can do to the server; what its connections share |
//! | `tls.rs` | certificates: right, wrong and expired ones |
mod connection;
mod fault;
mod http;
mod leases;
mod request;
mod server;
mod tls;
mod watch;
mod world;

pub use fault::{Answer, Effect, Fault, Injection, Network, Showing, status};
pub use request::{Asked, Request, Verb};
pub use server::ApiServer;
pub use tls::{Authority, Certificate};
