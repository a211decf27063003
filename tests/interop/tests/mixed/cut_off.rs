//! Their leader is cut off from the API server, and it alone.

use testkit::proxy::Proxy;
use testkit::proxy::Traffic::IsHeld;

use crate::{in_all_fleets, names, start_behind};

/// Ours takes over when the lease has run out, no sooner. For how much longer theirs answer yes is up to
/// them.
#[test]
fn g2_g5_g12_their_leader_is_cut_off() {
    in_all_fleets("cut off from the API server", |fleet, kinds| {
        let network = Proxy::to(fleet.server().address());
        let theirs = start_behind(&network, fleet, kinds);
        fleet.await_holder(&names(&theirs));
        let ours = fleet.ours("ours");
        ours.process().await_text("held by ");
        fleet.await_renewals(2);

        network.set(IsHeld, IsHeld);
        ours.await_term_after(0);
        for peer in &theirs {
            peer.await_no();
        }
        network.heal();
        fleet.await_settled(&["ours"]);
        fleet.judge(&[&ours], &theirs.iter().collect::<Vec<_>>())
    });
}
