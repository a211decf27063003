//! Whatever happens, in whatever order: what `world::checks` checks at every step, and that one
//! candidate leads once the faults are over.
//!
//! `PROPTEST_CASES=100000 cargo test -p cluster-leader-election properties` looks further.

use std::time::Duration;

use election::{Event, Identity, Input, LostReason, Outcome, Timing};
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{Clock, Fate, Reply, Setup, Wall, Who, World, held_by, millis, secs};

/// A run: who stands, what becomes of each request in turn, and what else happens, when.
#[derive(Clone, Debug)]
struct Script {
    timing: Timing,
    setups: Vec<Setup>,
    fates: Vec<Fate>,
    actions: Vec<(Duration, usize, Action)>,
}

/// What happens to a candidate, or to the record.
#[derive(Clone, Copy, Debug)]
enum Action {
    Wait,
    StepDown,
    Suspend,
    Resume,
    /// It stops in good order, and another process starts in its place.
    Replace,
    /// It is killed, and another process starts in its place.
    Crash,
    /// Every candidate gets proof of the death of a holder that was killed.
    ProveDeath,
    /// Its host stands still.
    Pause(Duration),
    CloseWatch,
    OpenWatch(Duration),
    /// Its wall clock jumps.
    SetWall(i64),
    EditMetadata,
    AskToStepDown,
    /// Another elector takes a record that nobody holds, and leads for 10 s.
    ForeignerTakes,
    ForeignerReleases,
    /// Somebody deletes a record that nobody holds.
    DeleteReleased,
    /// Against the rules: somebody deletes the record, whoever leads.
    Delete,
    /// Against the rules: somebody else's name is written into it, whoever leads.
    Overwrite,
    /// Against the rules: somebody blanks it, whoever leads.
    Blank,
}

fn lasting(most: Duration) -> impl Strategy<Value = Duration> {
    (0..=u64::try_from(most.as_millis()).unwrap()).prop_map(millis)
}

fn fate() -> impl Strategy<Value = Fate> {
    let latency = || lasting(millis(700));
    let served = (latency(), latency())
        .prop_map(|(there, back)| Fate { there: Some(there), reply: Reply::Comes(back) });
    let refused =
        latency().prop_map(|after| Fate { there: None, reply: Reply::Instead(Outcome::Refused, after) });
    let reset = (proptest::option::of(latency()), latency())
        .prop_map(|(there, after)| Fate { there, reply: Reply::Instead(Outcome::Unknown, after) });
    prop_oneof![
        3 => Just(Fate::PROMPT),
        12 => served,
        1 => (latency(), lasting(secs(4))).prop_map(|(there, back)| Fate { there: Some(there), reply: Reply::Comes(back) }),
        2 => refused,
        3 => reset,
        2 => Just(Fate::LOST),
        1 => Just(Fate::REPLY_LOST),
        2 => lasting(secs(20)).prop_map(Fate::lands_after),
    ]
}

fn action(lawful: bool) -> impl Strategy<Value = Action> {
    let any = prop_oneof![
        4 => Just(Action::Wait),
        2 => Just(Action::StepDown),
        1 => Just(Action::Suspend),
        2 => Just(Action::Resume),
        1 => Just(Action::Replace),
        2 => Just(Action::Crash),
        1 => Just(Action::ProveDeath),
        2 => lasting(secs(30)).prop_map(Action::Pause),
        1 => Just(Action::CloseWatch),
        2 => lasting(secs(8)).prop_map(Action::OpenWatch),
        1 => (-100_i64..100).prop_map(Action::SetWall),
        2 => Just(Action::EditMetadata),
        1 => Just(Action::AskToStepDown),
        2 => Just(Action::ForeignerTakes),
        1 => Just(Action::ForeignerReleases),
        1 => Just(Action::DeleteReleased),
        2 => Just(Action::Delete),
        2 => Just(Action::Overwrite),
        2 => Just(Action::Blank),
    ];
    any.prop_map(move |action| match action {
        Action::Delete | Action::Overwrite | Action::Blank if lawful => Action::Wait,
        action => action,
    })
}

/// `lawful`: nobody deletes or overwrites a live record.
fn script(lawful: bool) -> impl Strategy<Value = Script> {
    let timings =
        [(15_000, 10_000, 2_000), (15_000, 10_000, 500), (15_000, 10_000, 8_000), (6_000, 4_000, 1_000)];
    let timing = select(timings.to_vec()).prop_map(|(lease, deadline, retry)| {
        Timing::new(millis(lease), millis(deadline), millis(retry)).unwrap()
    });
    let setup = (
        1_000..1_500_u32,
        lasting(secs(1_000)),
        -100..100_i64,
        any::<u64>(),
        proptest::option::of(lasting(secs(5))),
    )
        .prop_map(|(per_mille, origin, ahead, seed, watch)| Setup {
            timing: Timing::default(),
            clock: Clock { per_mille, origin, wall: Wall::Goes { ahead } },
            seed,
            watch,
        });
    let setups = proptest::collection::vec(setup, 1..=3);
    let fates = proptest::collection::vec(fate(), 1..40);
    let actions = proptest::collection::vec((lasting(secs(12)), 0..3_usize, action(lawful)), 0..40);
    (timing, setups, fates, actions).prop_map(|(timing, setups, fates, actions)| Script {
        timing,
        setups,
        fates,
        actions,
    })
}

/// A script as it is played.
struct Play {
    world: World,
    script: Script,
    /// The process that stands in each place.
    places: Vec<Who>,
    crashed: Vec<Identity>,
}

impl Play {
    fn begin(script: Script, lawful: bool) -> Self {
        let mut world = World::new();
        world.rules_broken = !lawful;
        let mut play = Self { world, script, places: Vec::new(), crashed: Vec::new() };
        for place in 0..play.script.setups.len() {
            let who = play.start(place);
            play.places.push(who);
        }
        play
    }

    /// A process starts in this place.
    fn start(&mut self, place: usize) -> Who {
        let timing = self.script.timing;
        let setup = Setup { timing, ..self.script.setups[place].clone() };
        let count = self.world.candidates.len();
        let who = self.world.prepare(&format!("p{count}"), &setup);
        let mut fates = self.script.fates.clone();
        let count = count % fates.len();
        fates.rotate_left(count);
        let mut fates = fates.into_iter().cycle();
        self.world.of(who).network.usually(move |_, _| fates.next().unwrap());
        self.world.go(who);
        who
    }

    fn play(&mut self) {
        for (pause, place, action) in self.script.actions.clone() {
            self.world.run_for(pause);
            let place = place % self.places.len();
            let who = self.places[place];
            if self.world.candidates[who.0].paused_until() <= self.world.now {
                self.act(place, who, action);
            }
        }
    }

    fn act(&mut self, place: usize, who: Who, action: Action) {
        let world = &mut self.world;
        let holder = world.store.record().map(|record| record.holder.clone());
        match action {
            Action::Wait => {}
            Action::StepDown => world.give(who, Input::StepDown),
            Action::Suspend => world.give(who, Input::Suspend(LostReason::HostStuck)),
            Action::Resume => world.give(who, Input::Resume),
            Action::Replace => {
                world.give(who, Input::Stop);
                self.places[place] = self.start(place);
            }
            Action::Crash => {
                world.crash(who);
                let identity = world.of(who).identity().clone();
                self.crashed.push(identity);
                self.places[place] = self.start(place);
            }
            Action::ProveDeath => {
                let dead = holder.flatten().filter(|holder| self.crashed.contains(holder));
                for who in self.places.clone() {
                    if let Some(dead) = &dead {
                        world.give(who, Input::HolderDead(dead.clone()));
                    }
                }
            }
            Action::Pause(duration) => world.pause(who, duration),
            Action::CloseWatch => world.close_watch(who),
            Action::OpenWatch(lag) => world.open_watch(who, lag),
            Action::SetWall(ahead) => world.of(who).clock.wall = Wall::Goes { ahead },
            Action::EditMetadata if holder.is_some() => world.edit(|_| {}),
            Action::AskToStepDown if holder.is_some() => {
                world.edit(|record| record.step_down = record.holder.clone());
            }
            Action::ForeignerTakes if holder == Some(None) => {
                world.foreigner_leads_until = world.now + secs(10);
                world.edit(|record| *record = held_by("foreigner"));
            }
            Action::ForeignerReleases if holder == Some(Some("foreigner".into())) => {
                world.foreigner_leads_until = world.now;
                world.edit(|record| record.holder = None);
            }
            Action::DeleteReleased if holder == Some(None) => world.delete(),
            Action::Delete if holder.is_some() => world.delete(),
            Action::Overwrite => world.edit(|record| *record = held_by("usurper")),
            Action::Blank if holder.is_some() => world.edit(|record| record.holder = None),
            _ => {}
        }
    }

    /// The faults are over: nothing is lost or late any more, nobody stands still or aside.
    fn recover(&mut self) {
        let world = &mut self.world;
        let paused = self.places.iter().map(|who| world.candidates[who.0].paused_until()).max().unwrap();
        world.run_until(world.now.max(paused));
        world.forget_what_is_on_its_way();
        for who in self.places.clone() {
            world.of(who).network.usually(|_, _| Fate::PROMPT);
            if world.of(who).has_watch() {
                world.close_watch(who);
                world.open_watch(who, Duration::ZERO);
            }
            world.give(who, Input::Resume);
        }
    }

    /// What everybody sent and said of itself.
    fn story(&self) -> String {
        let everybody = (0..self.world.candidates.len()).map(Who);
        let stories = everybody.map(|who| {
            let (sent, terms) = (self.world.sent(who).join(", "), self.world.terms(who).join(", "));
            format!("{}: sent {sent}; told {terms}\n", self.world.candidates[who.0].identity())
        });
        stories.collect()
    }
}

/// Plays a script and waits for what must come of it.
fn check(script: Script, lawful: bool) {
    let timing = script.timing;
    let actions = script.actions.len();
    let mut play = Play::begin(script, lawful);
    play.play();
    play.recover();

    // G8, and the attempts still under way may hang until they time out.
    let lease_duration = timing.lease_duration().max(secs(15)); // ours, or that of others' records
    let within = lease_duration + timing.retry_period() * 2 + timing.attempt_timeout();
    // A leader without a watch learns only when it renews that it was asked to step down, or what
    // was done to its record against the rules.
    let unnoticed = timing.renew_interval();
    play.world.run_for(within + unnoticed + millis(100));
    let leader = play.world.leader();
    assert!(leader.is_some(), "nobody leads {within:?} after the faults: {}", play.story());
    let tokens = |play: &Play| {
        play.world.candidates.iter().map(|it| it.claim.map(|claim| claim.token)).collect::<Vec<_>>()
    };
    let before = tokens(&play);
    play.world.run_for(secs(100));
    assert_eq!(tokens(&play), before, "the term went on");

    for who in (0..play.world.candidates.len()).map(Who) {
        // Nobody else used a name of ours, so nobody may have believed so.
        let disputed = play.world.events(who).any(|event| matches!(event, Event::DuplicateIdentity(_)));
        assert!(!disputed, "{}", play.story());
        // G10: each time something happens it may cause a release and its conflicts.
        let pace = timing.retry_period().min(timing.attempt_timeout());
        let periods = play.world.now.as_millis() * 3 / 2 / pace.as_millis();
        let most = usize::try_from(periods).unwrap() * 4 + actions * 12 + 20;
        assert!(play.world.sent(who).len() <= most, "{}", play.story());
    }
}

/// Enough for every day; `PROPTEST_CASES` for more.
fn cases() -> ProptestConfig {
    let asked_for = std::env::var_os("PROPTEST_CASES").is_some();
    if asked_for { ProptestConfig::default() } else { ProptestConfig::with_cases(500) }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn g2_one_leader_whatever_happens(script in script(true)) {
        check(script, true);
    }

    #[test]
    fn g8_the_election_survives_whoever_breaks_its_rules(script in script(false)) {
        check(script, false);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, ..cases() })]

    #[test]
    fn the_same_inputs_give_the_same_outputs(script in script(false)) {
        let [once, again] = [(), ()].map(|()| {
            let mut play = Play::begin(script.clone(), false);
            play.play();
            play.story()
        });
        prop_assert_eq!(once, again);
    }
}
