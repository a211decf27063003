//! Each tick once: JVMs with twenty scheduled jobs, that are updated and killed, and what became of each tick.
//!
//! | file | what |
//! |---|---|
//! | `count/` | ticks planned, run, doubled, missed, by the definitions of `docs/each-tick-once.md` |
//! | `record.rs` | what the processes write down of their runs |
//! | `contender.rs` | what is to see that each tick is run once: ours, and what one would use instead |
//! | `app.rs`, `fleet.rs` | the application, and instances of it |
//! | `chaos.rs` | rolling updates and kills |
//! | `outcome.rs` | what came of them |

pub mod count;

mod app;
mod chaos;
mod contender;
mod fleet;
mod outcome;
mod record;

pub use app::App;
pub use chaos::{Episode, Kind, Plan, play};
pub use contender::{Contender, Ground};
pub use outcome::{Judged, Outcome};
pub use record::{Event, Line, Planned, Record};
