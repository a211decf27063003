//! The directory is removed, replaced or moved while an election runs in it.

use std::fs;
use std::thread;

use cluster_leader_tests_kubernetes::{eventually, measured};
use testkit::clock::boottime_nanos;
use tests_files::{World, one_leader_at_a_time};

use crate::{QUICK, contender};

/// Something done to the directory.
type Harm = fn(&World);

#[test]
fn g2_a_directory_that_is_removed_replaced_or_moved_gives_one_leader_again() {
    let harms: [(&str, Harm); 4] = [
        ("removed", |world| fs::remove_dir_all(world.path("")).unwrap()),
        ("removed and made anew", |world| {
            fs::remove_dir_all(world.path("")).unwrap();
            fs::create_dir(world.path("")).unwrap();
        }),
        ("replaced by an empty one", |world| {
            fs::rename(world.path(""), world.home().join("elsewhere")).unwrap();
            fs::create_dir(world.path("")).unwrap();
        }),
        ("replaced by a copy of before", |world| {
            fs::create_dir(world.home().join("copy")).unwrap();
            for name in world.names().iter().filter(|name| !name.ends_with(".tmp")) {
                fs::copy(world.path(name), world.home().join("copy").join(name)).unwrap();
            }
            fs::rename(world.path(""), world.home().join("elsewhere")).unwrap();
            fs::rename(world.home().join("copy"), world.path("")).unwrap();
        }),
    ];
    thread::scope(|scope| {
        for (what, harm) in harms {
            thread::Builder::new()
                .name(what.to_owned())
                .spawn_scoped(scope, move || recovers(what, harm))
                .unwrap();
        }
    });
}

/// Nobody may begin to stand meanwhile: who has never seen a record does not know of its deletion.
fn recovers(what: &str, harm: Harm) {
    let world = World::new();
    let leader = contender(&world, "leader", QUICK).start();
    let token = leader.await_leading();
    let followers = ["follower-1", "follower-2"].map(|name| contender(&world, name, QUICK).start());
    for follower in &followers {
        follower.process().await_text("held by leader");
    }
    let version = world.record().unwrap().version;
    let harmed = boottime_nanos();
    harm(&world);
    // Whoever leads writes into the directory that is there now, and each has its file in it.
    eventually("renewals in the new directory", || {
        let record = world.record()?;
        let held = world.names().iter().any(|name| name.contains(record.holder.as_deref().unwrap_or("?")));
        (record.version > version && held).then_some(())
    });
    let after = boottime_nanos() - harmed;
    let answers: Vec<_> = followers.iter().chain([&leader]).map(tests_files::Contender::end).collect();
    let tokens: Vec<_> = followers.iter().chain([&leader]).flat_map(tests_files::Contender::tokens).collect();
    assert!(tokens.iter().all(|later| *later >= token), "{tokens:?}");
    let verdict = one_leader_at_a_time(answers);
    measured(
        what,
        format!("written to again after {} ms; leaderless for {:?}", after / 1_000_000, verdict.leaderless),
    );
}
