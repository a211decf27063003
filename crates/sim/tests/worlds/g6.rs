use sim::coverage::Fault;
use sim::script::Focus;

use crate::hold;

#[test]
fn g6_tokens_grow_across_deletions() {
    hold(Focus::Deletions, &[Fault::DeletedLive, Fault::DeletedIdle, Fault::Created, Fault::Term]);
}

/// The number of a version comes from the writer's wall clock and what it knows.
#[test]
fn g6_tokens_grow_on_files() {
    hold(Focus::Files, &[Fault::DeletedIdle, Fault::Created, Fault::WallClock, Fault::Term]);
}
