//! A job that runs once a second, on one instance only.
//!
//! ```console
//! $ cargo run -p cluster-leader-example        # in two terminals: one of them leads
//! ```
//!
//! Configured by the environment alone (`CLUSTER_LEADER_STORE`, `CLUSTER_LEADER_ELECTION`, ...).
#![allow(clippy::print_stdout)]

use std::thread::sleep;
use std::time::Duration;

use cluster_leader::{Elector, Error, Options};

fn main() -> Result<(), Error> {
    let elector = Elector::start(Options::from_env()?)?;
    loop {
        sleep(Duration::from_secs(1));
        // Room for the job itself: true only if the claim lasts at least that long.
        if elector.is_leader_for(Duration::from_millis(200))? {
            println!("this instance leads and does the work");
        } else {
            println!("{} leads", elector.status().leader.as_deref().unwrap_or("nobody"));
        }
    }
}
