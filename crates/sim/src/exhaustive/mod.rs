//! Every reachable state of small worlds, in each of which the shipped election is what decides.
//!
//! A world ([`Setup`]) has two or three processes, each a whole [`Election`](election::Election) with
//! a clock of its own rate; a store with compare-and-set; a network and watches in which everything
//! may happen now, later or never; and a budget of faults ([`Faults`]). Time goes on in steps; within
//! a step everything that can happen next does, in every order. Nothing bounds the time: a path ends
//! only where it meets a state that was reached before, so what holds in all states holds for ever,
//! under as many faults as the budget has.
//!
//! Nobody holds back here: a stagger is a delay that the order of events covers anyway.
//!
//! # What is checked
//!
//! * in every state: G2, that readers of two processes are never told yes at a time. Nothing happens
//!   between two steps of time, and a claim is compared with the clock to the nanosecond, so claims
//!   that do not overlap in any state do not overlap at any instant;
//! * with every step of a process: G1 (a claim rests on an acknowledged write of its term and ends one
//!   renew deadline after that was sent), G3 (guards; nobody's live claim is overwritten, nobody else's
//!   record released), G4 (a late write is recognised), G5 (from outside, by what a process was told and
//!   when), G6 (tokens grow over all terms), G7 (withdrawn before it is released), G9 (acquired and lost
//!   take turns);
//! * from every state: G8, that without further faults one leads for good, and how soon; G10, that
//!   nothing is done again and again without time passing.
//!
//! # Why not a library
//!
//! `stateright` keeps the states that wait to be explored whole, some kilobytes each here, and a
//! fingerprint of the others; its liveness properties are unsound where paths join. Here a state is
//! a few numbers ([`State`]), since the states of single processes and of the store are kept once
//! (`memory.rs`), most transitions only put together steps that were taken before, and paths need no
//! bound in time, since states with the same future are the same (`canonical.rs`). That makes some
//! hundred thousand states a second, each in about fifty bytes.
//!
//! # Where to read on
//!
//! | file | what |
//! |---|---|
//! | `worlds.rs`, `setup.rs` | the worlds, and what they are made of |
//! | `world.rs`, `action.rs` | what can happen in them |
//! | `process.rs`, `patience.rs`, `store.rs` | the parts, and what is checked of them |
//! | `explorer.rs` | breadth first through whatever can be explored, and on without faults |
//! | `memory.rs`, `canonical.rs` | how states are kept, and which are the same |

mod action;
mod canonical;
mod explorer;
mod memory;
mod patience;
mod process;
mod setup;
mod store;
mod world;
pub mod worlds;

pub use action::{Action, Fate};
pub use explorer::{Broken, Explorable, Explored, Failure, explore};
pub use process::Candidate;
pub use setup::{ANY, Begins, Faults, Jitter, Setup, Wall};
pub use world::{State, World};
