//! libcluster_leader: `cluster_leader` for hosts that are not written in Rust.
//!
//! | module | what |
//! |---|---|
//! | `c` | the C ABI, described in `include/cluster_leader.h`, which is generated from it |
//! | `jni` | the native methods of the Java class `io.clusterleader.Native` |
//! | `handles` | the numbers that stand for elections on both surfaces |
//! | `problem` | what can go wrong on both, panics included: none leaves this library |
//! | `log` | where log lines go |
//!
//! All `unsafe` of this crate is in `c`.

mod c;
mod handles;
mod jni;
mod log;
mod problem;
