//! Everything at once, at random: whatever happens there are never two leaders, and once it is over
//! there is one.

use std::thread;
use std::time::Duration;

use testkit::api::{Answer, Effect, Fault, Injection, Showing};
use testkit::clock::boottime;

use crate::arena::{Arena, Candidate, RECOVERY, all_at_once, eventually};
use crate::witness::Witness;

/// A run can be made again by its number, as far as a machine does the same twice.
const SEEDS: [u64; 4] = [1, 2, 3, 4];
const LASTS: Duration = Duration::from_secs(10);
const NAMES: [&str; 3] = ["first", "second", "third"];

#[test]
fn g2_there_never_are_two_leaders_in_a_storm_of_faults() {
    all_at_once(&SEEDS, |seed| format!("storm-{seed}"), |seed| storm(*seed));
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn millis(&mut self, bound: u64) -> Duration {
        Duration::from_millis(self.below(bound))
    }

    fn fault(&mut self) -> Fault {
        let effect = match self.below(5) {
            0 => Effect::Never,
            1 => Effect::Twice,
            2 => Effect::After(self.millis(4000)),
            _ => Effect::Now,
        };
        let answer = match self.below(10) {
            0 | 1 => Answer::Hang,
            2 => Answer::Reset,
            3 => Answer::Half,
            4 => Answer::Repeated,
            5 => Answer::Stale,
            6 => Answer::Last,
            7 => Answer::Reply(503, "", String::new()),
            8 => Answer::Late(self.millis(800)),
            _ => Answer::Right,
        };
        Fault { effect, answer }
    }

    fn showing(&mut self) -> Showing {
        match self.below(5) {
            0 => Showing::Nothing,
            1 => Showing::EverySecond,
            2 => Showing::Late(self.millis(3000)),
            3 => Showing::OldAfterNew,
            _ => Showing::Everything,
        }
    }
}

fn storm(seed: u64) {
    let arena = Arena::new(&format!("storm-{seed}"));
    let server = &arena.server;
    let mut random = Random(seed);
    let candidates = NAMES.map(|name| arena.join(name));
    let one_leads = || candidates.iter().filter(|candidate| candidate.leads()).count() == 1;
    eventually("one leads", RECOVERY, one_leads);
    let witness = Witness::of(candidates.iter().map(|candidate| candidate.elector.clone()).collect());
    let begun = boottime();
    let mut faults: [Option<Injection>; 3] = [None, None, None];
    while boottime() < begun + LASTS {
        // The leader, if there is one, every other time.
        let leader = candidates.iter().position(|candidate| candidate.leads());
        let any = usize::try_from(random.below(6)).unwrap();
        let index = if any < 3 { any } else { leader.unwrap_or(any % 3) };
        let client = NAMES[index];
        match random.below(12) {
            0..=5 => {
                let share = if random.below(2) == 0 { 1 } else { 2 };
                let part = move |number: usize| number.is_multiple_of(share);
                let applies = move |of: &testkit::api::Request| of.client() == client && part(of.body.len());
                faults[index] = Some(server.inject(random.fault(), applies));
            }
            6 => faults[index] = None,
            7 => server.show(client, random.showing()),
            8 | 9 => server.freeze(Some(client)),
            10 => server.end_watches(Some(client)),
            _ => candidates[index].elector.step_down(),
        }
        thread::sleep(random.millis(400));
    }
    drop(faults);
    for client in NAMES {
        server.show(client, Showing::Everything);
    }
    server.close_connections();
    let took = eventually("one leads", 2 * RECOVERY, one_leads);
    let names: Vec<&Candidate> = candidates.iter().collect();
    let terms: usize = candidates.iter().map(|candidate| candidate.losses().len()).sum();
    println!("storm {seed}: {terms} terms ended; one leads {took:?} after the end");
    arena.judge(witness, &names);
}
