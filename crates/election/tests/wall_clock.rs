//! The wall clock fills in times for others to read, and decides nothing.

use election::{Seen, WallTime};

use crate::world::{Clock, Setup, Wall, World, secs};

const SECOND: i64 = 1_000_000;

/// The `renewTime` of every version, in seconds.
fn renew_times(world: &World) -> Vec<i64> {
    let times = world.store.changes().iter().filter_map(|seen| match seen {
        Seen::Present(record, _) => record.renew_time,
        Seen::Deleted(_) => None,
    });
    times.map(|time| time.as_micros() / SECOND).collect()
}

/// client-go sees no change between two times of the same second.
#[test]
fn g12_every_renewal_is_in_another_second_than_the_last() {
    let stands = |at| Wall::Stands { at };
    let cases = [
        ("it stands still", [500, 500, 500, 500].map(stands), [500, 501, 500, 501]),
        ("it steps back onto the last", [500, 501, 501, 500].map(stands), [500, 501, 502, 500]),
        ("it steps back", [500, 400, 300, 200].map(stands), [500, 400, 300, 200]),
        ("it steps ahead", [500, 9_000, 9_000, 9_001].map(stands), [500, 9_000, 9_001, 9_002]),
        ("it stands still before 1970", [-5, -5, -5, -5].map(stands), [-5, -4, -5, -4]),
        ("it goes", [Wall::Goes { ahead: 0 }; 4], [1_000_000, 1_000_005, 1_000_010, 1_000_015]),
    ];
    for (case, walls, expected) in cases {
        let mut world = World::new();
        let clock = Clock { wall: walls[0], ..Clock::TRUE };
        let us = world.start_with("us", &Setup { clock, ..Setup::default() });
        for (wall, second) in walls.into_iter().skip(1).zip([6, 11, 16]) {
            world.of(us).clock.wall = wall;
            world.run_until(secs(second));
        }
        assert_eq!(renew_times(&world), expected, "{case}");
        assert_eq!(world.terms(us), ["0 acquired 101"], "{case}");
    }
}

#[test]
fn a_renew_time_is_never_more_than_a_second_ahead() {
    let mut world = World::new();
    let us = world.start("us");
    for second in 1..2_000_usize {
        // It creeps, stands still, jumps to and fro.
        let at = 1_000_000 + [0, 0, 1, 0, 2, -7, 3_600, -3_600][second % 8];
        world.of(us).clock.wall = Wall::Stands { at };
        let writes = world.store.changes().len();
        world.run_for(secs(1));
        let written = renew_times(&world).split_off(writes);
        assert!(written.iter().all(|time| (at..=at + 1).contains(time)), "{written:?} at {at}");
    }
    assert_eq!(world.terms(us), ["0 acquired 101"]);
}

#[test]
fn g2_skewed_wall_clocks_oust_nobody_and_delay_nobody() {
    for ahead in [-1_000_000, -20, 20, 1_000_000] {
        let skewed = Clock { wall: Wall::Goes { ahead }, ..Clock::TRUE };
        let mut world = World::new();
        let leader = world.start("leader");
        let follower = world.start_with("follower", &Setup { clock: skewed, ..Setup::default() });
        world.run_until(secs(100));
        assert_eq!(world.leader(), Some(leader));
        world.crash(leader); // it renewed at 100
        world.run_until(secs(116));
        assert_eq!(world.terms(follower), ["115 acquired 122"]);
        let honest = WallTime::from_micros((1_000_115 + ahead) * SECOND);
        assert_eq!(world.store.record().unwrap().renew_time, Some(honest));
    }
}
