//! The wall clock fills in times for others to read, and decides nothing.

use election::{Seen, WallTime};

use crate::world::{Clock, Setup, Wall, World, secs};

/// The `renewTime` of every version, in milliseconds.
fn renew_times(world: &World) -> Vec<i64> {
    let times = world.store.changes().iter().filter_map(|seen| match seen {
        Seen::Present(record, _) => record.renew_time,
        Seen::Deleted(_) => None,
    });
    times.map(|time| time.as_micros() / 1_000).collect()
}

/// client-go sees no change between two times of the same second.
#[test]
fn g12_every_renewal_is_in_another_second_than_the_last() {
    // What the clock shows at each write, and what is written.
    let cases = [
        ("it stands still", [500_000; 4], [500_000, 501_000, 500_000, 501_000]),
        ("it creeps", [500_100, 500_900, 501_950, 501_950], [500_100, 501_900, 502_950, 501_950]),
        (
            "it moves to the next second",
            [500_900, 501_100, 502_000, 503_999],
            [500_900, 501_100, 502_000, 503_999],
        ),
        (
            "it steps back onto the last",
            [500_000, 501_000, 501_000, 500_000],
            [500_000, 501_000, 502_000, 500_000],
        ),
        ("it steps back", [500_000, 400_000, 300_000, 200_000], [500_000, 400_000, 300_000, 200_000]),
        ("it steps ahead", [500_000, 900_000, 900_000, 901_000], [500_000, 900_000, 901_000, 902_000]),
        ("it stands still before 1970", [-5_000; 4], [-5_000, -4_000, -5_000, -4_000]),
        ("it sees 1970 begin", [-1_500, -500, 500, 1_500], [-1_500, -500, 500, 1_500]),
    ];
    for (case, shown, written) in cases {
        let mut world = World::new();
        let walls = shown.map(|at| Wall::Stands { at });
        let clock = Clock { wall: walls[0], ..Clock::TRUE };
        let us = world.start_with("us", &Setup { clock, ..Setup::default() });
        for (wall, second) in walls.into_iter().skip(1).zip([6, 11, 16]) {
            world.of(us).clock.wall = wall;
            world.run_until(secs(second));
        }
        assert_eq!(renew_times(&world), written, "{case}");
        assert_eq!(world.terms(us), ["0 acquired 101"], "{case}");
    }
}

#[test]
fn a_renew_time_is_never_more_than_a_second_ahead() {
    let mut world = World::new();
    let us = world.start("us");
    for second in 1..2_000_usize {
        // It creeps, stands still, jumps to and fro.
        let at = 1_000_000 + [0, 0, 1_000, 400, 2_000, -7_000, 3_600_000, -3_600_000][second % 8];
        world.of(us).clock.wall = Wall::Stands { at };
        let writes = world.store.changes().len();
        world.run_for(secs(1));
        let written = renew_times(&world).split_off(writes);
        assert!(written.iter().all(|time| (at..=at + 1_000).contains(time)), "{written:?} at {at}");
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
        let honest = WallTime::from_micros((1_000_115 + ahead) * 1_000_000);
        assert_eq!(world.store.record().unwrap().renew_time, Some(honest));
    }
}
