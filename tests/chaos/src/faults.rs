//! What is done to an election: each kind of episode, told step by step.
//!
//! An episode begins with one leader. What lasts is undone after it, see [`Arena::heal`].

use std::thread::sleep;
use std::time::{Duration, Instant};

use testkit::clock::boottime_nanos;
use testkit::proxy::Proxy;
use testkit::proxy::Traffic::{IsHeld, IsSlow, Passes, Vanishes};

use crate::arena::{Arena, Lasting};
use crate::seat::Seat;

/// A kind of episode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// What it is called.
    pub(crate) name: &'static str,
    /// It needs processes whose wall clock can be stepped.
    pub(crate) needs_wall_clock: bool,
    /// It needs a Lease.
    pub(crate) needs_lease: bool,
    /// Does it to an arena in which this seat leads.
    pub(crate) strike: fn(&mut Arena<'_>, usize) -> Aim,
}

/// What an episode is expected to show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aim {
    /// The leader was taken away at this time: how long until another leads? The row that does not
    /// count.
    pub(crate) succession: Option<(u64, String)>,
    /// A leader to which nothing was done should have stayed the leader: who leads instead, if so.
    pub(crate) ousted: Option<String>,
    /// Something about the test itself that was not as it should be.
    pub(crate) void: Option<String>,
}

/// All kinds of episodes but those of [`ServerFault`].
pub(crate) const KINDS: &[Kind] = &[
    kind("leader killed", leader_killed),
    kind("leader paused", leader_paused),
    kind("leader paused, wakes cut off", leader_paused_wakes_cut_off),
    kind("leader paused, a reply on its way", leader_paused_with_a_reply_on_its_way),
    kind("all paused", all_paused),
    kind("follower paused, then hand-over", follower_paused_then_hand_over),
    kind("black hole on the leader", |a, l| cut_off(a, l, "black hole", |net| net.set(Vanishes, Vanishes))),
    kind("leader's requests vanish", |a, l| {
        cut_off(a, l, "requests vanish", |net| net.set(Vanishes, Passes))
    }),
    kind("leader's replies vanish", |a, l| cut_off(a, l, "replies vanish", |net| net.set(Passes, Vanishes))),
    kind("leader's network back late", |a, l| {
        cut_off(a, l, "held, delivered late", |net| net.set(IsHeld, IsHeld))
    }),
    kind("leader's replies come late", |a, l| cut_off(a, l, "replies held", |net| net.set(Passes, IsHeld))),
    kind("slow replies, then a black hole", slow_replies_then_cut_off),
    kind("leader's connections refused", |a, l| cut_off(a, l, "refused", Proxy::refuse)),
    kind("leader's connections forgotten", leader_forgotten),
    kind("black hole on all", |a, l| all_cut_off(a, l, "black hole", |net| net.set(Vanishes, Vanishes))),
    kind("all held, delivered late", |a, l| {
        all_cut_off(a, l, "held, delivered late", |net| net.set(IsHeld, IsHeld))
    }),
    kind("all refused", |a, l| all_cut_off(a, l, "refused", Proxy::refuse)),
    kind("slow network", slow_network),
    kind("followers cut off", followers_cut_off),
    kind("SIGTERM", hand_over),
    kind("SIGTERM, replies are slow", hand_over_with_slow_replies),
    kind("superseded while paused, then SIGTERM", superseded_then_sigterm),
    Kind { needs_lease: true, ..kind("Lease edited, SIGTERM", lease_edited) },
    Kind { needs_wall_clock: true, ..kind("wall clocks stepped", wall_clocks_stepped) },
    Kind { needs_wall_clock: true, ..kind("wall clocks stepped, leader killed", wall_clocks_and_kill) },
];

const fn kind(name: &'static str, strike: fn(&mut Arena<'_>, usize) -> Aim) -> Kind {
    Kind { name, needs_wall_clock: false, needs_lease: false, strike }
}

/// What is done to the server, and so to every election on it at one time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerFault {
    /// What it is called.
    pub(crate) name: &'static str,
    /// Killed and started again; otherwise stopped and let go on.
    pub(crate) is_killed: bool,
    /// For so many parts of the lease duration.
    pub(crate) lasts: f64,
}

/// All kinds of them.
pub(crate) const SERVER_FAULTS: &[ServerFault] = &[
    ServerFault { name: "API server killed, started again", is_killed: true, lasts: 0.0 },
    ServerFault { name: "API server frozen for long", is_killed: false, lasts: 1.5 },
    ServerFault { name: "API server killed for long", is_killed: true, lasts: 1.3 },
    ServerFault { name: "API server frozen for a moment", is_killed: false, lasts: 0.2 },
];

/// The leader was taken away now.
fn taken_away(arena: &Arena<'_>, leader: usize) -> Aim {
    Aim { succession: Some((boottime_nanos(), arena.seats[leader].name.clone())), ..Aim::default() }
}

/// A process stands still, until it [wakes].
fn pauses(arena: &mut Arena<'_>, seat: usize) -> Lasting {
    let pause = arena.begins(Some(seat), "SIGSTOP");
    arena.seats[seat].stop();
    pause
}

fn wakes(arena: &mut Arena<'_>, seat: usize, pause: Lasting) {
    arena.ends(pause);
    arena.seats[seat].go_on();
}

/// Something becomes of the network of a process, until it [heals].
fn suffers(arena: &mut Arena<'_>, seat: usize, what: &str, harm: impl FnOnce(&Proxy)) -> Lasting {
    let suffering = arena.begins(Some(seat), what);
    harm(&arena.seats[seat].proxy);
    suffering
}

fn heals(arena: &mut Arena<'_>, seat: usize, suffering: Lasting) {
    arena.ends(suffering);
    arena.seats[seat].proxy.heal();
}

/// What the server says reaches the leader late.
fn hears_late(arena: &mut Arena<'_>, leader: usize) -> Lasting {
    let delay = arena.timings.retry.mul_f64(0.3);
    let what = format!("replies {} ms late", delay.as_millis());
    suffers(arena, leader, &what, |net| net.set(Passes, IsSlow(delay)))
}

/// One process after the other, and never the same first.
fn in_any_order(arena: &mut Arena<'_>, apart: f64, happens: impl Fn(&mut Seat)) {
    let mut order: Vec<_> = (0..arena.seats.len()).collect();
    arena.chance.shuffle(&mut order);
    for seat in order {
        happens(&mut arena.seats[seat]);
        arena.pass(0.0, apart);
    }
}

fn leader_killed(arena: &mut Arena<'_>, leader: usize) -> Aim {
    arena.pass(0.0, 0.5);
    let aim = taken_away(arena, leader);
    arena.notes(Some(leader), "SIGKILL");
    arena.seats[leader].kill();
    arena.await_another(leader);
    aim
}

fn leader_paused(arena: &mut Arena<'_>, leader: usize) -> Aim {
    arena.pass(0.0, 0.5);
    let aim = taken_away(arena, leader);
    let pause = pauses(arena, leader);
    arena.await_another(leader);
    arena.pass(0.05, 0.6);
    wakes(arena, leader, pause);
    arena.pass(0.1, 0.3);
    aim
}

/// It wakes into a network that is gone, so that nothing tells it what it has missed.
fn leader_paused_wakes_cut_off(arena: &mut Arena<'_>, leader: usize) -> Aim {
    let aim = taken_away(arena, leader);
    let pause = pauses(arena, leader);
    let traffic = arena.chance.one_of(&[Vanishes, IsHeld]);
    let cut = suffers(arena, leader, "black hole", |net| net.set(traffic, traffic));
    arena.await_another(leader);
    arena.pass(0.05, 0.3);
    wakes(arena, leader, pause);
    arena.pass(0.3, 0.5);
    heals(arena, leader, cut);
    arena.pass(0.1, 0.3);
    aim
}

/// The server has acknowledged a write; the reply reaches the leader while it is paused, and is all
/// that it hears when it wakes. It says nothing about now.
fn leader_paused_with_a_reply_on_its_way(arena: &mut Arena<'_>, leader: usize) -> Aim {
    let at_most = arena.timings.lease;
    arena.seats[leader].proxy.hold_next_reply(at_most);
    let aim = taken_away(arena, leader);
    let pause = pauses(arena, leader);
    arena.seats[leader].proxy.heal();
    sleep(Duration::from_millis(100));
    let cut = suffers(arena, leader, "held", |net| net.set(IsHeld, IsHeld));
    arena.await_another(leader);
    arena.pass(0.05, 0.3);
    wakes(arena, leader, pause);
    arena.pass(0.1, 0.3);
    heals(arena, leader, cut);
    arena.pass(0.1, 0.2);
    aim
}

fn all_paused(arena: &mut Arena<'_>, _: usize) -> Aim {
    let pause = arena.begins(None, "SIGSTOP");
    arena.seats.iter_mut().for_each(|seat| seat.stop());
    arena.pass(0.8, 1.5);
    arena.ends(pause);
    in_any_order(arena, 0.01, |seat| seat.go_on());
    arena.pass(0.1, 0.3);
    Aim::default()
}

/// What a follower knew when it fell asleep must not make it a leader when it wakes, nor may it be
/// late for what comes after.
fn follower_paused_then_hand_over(arena: &mut Arena<'_>, leader: usize) -> Aim {
    let followers = arena.followers_of(leader);
    let follower = arena.chance.one_of(&followers);
    let pause = pauses(arena, follower);
    arena.pass(1.1, 1.5);
    wakes(arena, follower, pause);
    arena.pass(0.0, 0.2);
    hand_over(arena, leader)
}

fn cut_off(arena: &mut Arena<'_>, leader: usize, what: &str, cut: impl FnOnce(&Proxy)) -> Aim {
    arena.pass(0.0, 0.5);
    let aim = taken_away(arena, leader);
    let cut = suffers(arena, leader, what, cut);
    arena.await_another(leader);
    arena.pass(0.3, 0.6);
    heals(arena, leader, cut);
    arena.pass(0.1, 0.3);
    aim
}

/// What counts is when a renewal was sent, not when it was acknowledged.
fn slow_replies_then_cut_off(arena: &mut Arena<'_>, leader: usize) -> Aim {
    let slow = hears_late(arena, leader);
    arena.pass(0.4, 0.5);
    arena.ends(slow);
    cut_off(arena, leader, "black hole", |net| net.set(Vanishes, Vanishes))
}

/// A middle box forgets the connections that there are; new ones are well.
fn leader_forgotten(arena: &mut Arena<'_>, leader: usize) -> Aim {
    arena.notes(Some(leader), "connections forgotten");
    arena.seats[leader].proxy.forget_connections();
    arena.pass(1.2, 1.5);
    stays(arena, leader)
}

fn all_cut_off(arena: &mut Arena<'_>, _: usize, what: &str, cuts: impl Fn(&Proxy)) -> Aim {
    let cut = arena.begins(None, what);
    arena.seats.iter().for_each(|seat| cuts(&seat.proxy));
    arena.pass(0.8, 1.5);
    arena.ends(cut);
    in_any_order(arena, 0.02, |seat| seat.proxy.heal());
    arena.pass(0.1, 0.3);
    Aim::default()
}

fn slow_network(arena: &mut Arena<'_>, leader: usize) -> Aim {
    let each_way = arena.timings.lease.mul_f64(0.015);
    let slow = arena.begins(None, &format!("{} ms each way", each_way.as_millis()));
    for seat in &arena.seats {
        seat.proxy.set(IsSlow(each_way), IsSlow(each_way));
    }
    arena.pass(0.8, 1.2);
    arena.ends(slow);
    stays(arena, leader)
}

fn followers_cut_off(arena: &mut Arena<'_>, leader: usize) -> Aim {
    let mut cuts = Vec::new();
    for follower in arena.followers_of(leader) {
        cuts.push(suffers(arena, follower, "black hole", |net| net.set(Vanishes, Vanishes)));
    }
    arena.pass(1.2, 1.8);
    for cut in cuts {
        arena.ends(cut);
    }
    arena.heal();
    arena.pass(0.1, 0.4);
    stays(arena, leader)
}

fn hand_over(arena: &mut Arena<'_>, leader: usize) -> Aim {
    arena.pass(0.0, 0.3);
    let aim = taken_away(arena, leader);
    arena.notes(Some(leader), "SIGTERM");
    arena.seats[leader].terminate();
    arena.await_another(leader);
    arena.await_end(leader);
    aim
}

/// The record is free, and others take it, before the one that frees it has heard of that.
fn hand_over_with_slow_replies(arena: &mut Arena<'_>, leader: usize) -> Aim {
    let slow = hears_late(arena, leader);
    let aim = hand_over(arena, leader);
    arena.ends(slow);
    aim
}

/// A release by one that was superseded must not oust the one that leads.
fn superseded_then_sigterm(arena: &mut Arena<'_>, leader: usize) -> Aim {
    let aim = taken_away(arena, leader);
    let pause = pauses(arena, leader);
    let successor = arena.await_another(leader);
    arena.pass(0.05, 0.2);
    arena.ends(pause);
    arena.notes(Some(leader), "SIGTERM");
    arena.seats[leader].terminate();
    arena.seats[leader].go_on();
    arena.await_end(leader);
    arena.pass(0.2, 0.3);
    let ousted = successor.and_then(|successor| stays(arena, successor).ousted);
    Aim { ousted, ..aim }
}

/// Somebody edits labels and annotations all the time, while leadership is handed over.
fn lease_edited(arena: &mut Arena<'_>, leader: usize) -> Aim {
    let edited = arena.begins(None, "Lease edited");
    edit_for(arena, 0.5);
    let aim = taken_away(arena, leader);
    arena.notes(Some(leader), "SIGTERM");
    arena.seats[leader].terminate();
    edit_for(arena, 0.7);
    arena.ends(edited);
    arena.await_another(leader);
    arena.await_end(leader);
    aim
}

fn edit_for(arena: &mut Arena<'_>, part: f64) {
    let begin = Instant::now();
    while begin.elapsed() < arena.timings.lease.mul_f64(part) {
        arena.edit_lease();
        let pause = arena.chance.between(Duration::ZERO, Duration::from_millis(60));
        sleep(pause);
    }
}

fn wall_clocks_stepped(arena: &mut Arena<'_>, leader: usize) -> Aim {
    let void = step_wall_clocks(arena);
    arena.pass(0.8, 1.2);
    let ahead = arena.seats[leader].wall_clock();
    let written = arena.renew_time_ahead();
    // It has renewed since, with the wall clock that it sees.
    let sees = ahead.abs() < 20 || (written > 0.0) == (ahead > 0) && written.abs() > 10.0;
    let unseen = (!sees && arena.leader() == Some(leader))
        .then(|| format!("the wall clock is {ahead} s ahead, and renewTime {written} s"));
    let second = step_wall_clocks(arena);
    arena.pass(0.3, 0.6);
    Aim { void: void.or(unseen).or(second), ..stays(arena, leader) }
}

fn wall_clocks_and_kill(arena: &mut Arena<'_>, leader: usize) -> Aim {
    let void = step_wall_clocks(arena);
    arena.pass(0.3, 0.6);
    Aim { void, ..leader_killed(arena, leader) }
}

/// Sets every wall clock that can be set ahead or back, by seconds or an hour. What is wrong if they do
/// not follow, as then nothing is tested.
fn step_wall_clocks(arena: &mut Arena<'_>) -> Option<String> {
    let seats: Vec<_> = (0..arena.seats.len()).filter(|seat| arena.seats[*seat].has_wall_clock()).collect();
    let mut ahead = Vec::new();
    for &seat in &seats {
        let seconds = arena.chance.one_of(&[20, -20, 5, -5, 3600, -3600]);
        arena.notes(Some(seat), &format!("wall clock {seconds:+} s"));
        arena.seats[seat].set_wall_clock(seconds);
        ahead.push((seat, seconds));
    }
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(30) {
        if ahead.iter().all(|(seat, seconds)| arena.seats[*seat].wall_clock() == *seconds) {
            return None;
        }
        sleep(Duration::from_millis(20));
    }
    Some("the wall clocks were not stepped".to_owned())
}

/// The leader was to stay the leader.
fn stays(arena: &Arena<'_>, leader: usize) -> Aim {
    let name = |seat: usize| arena.seats[seat].name.as_str();
    let other = arena.leader().filter(|now| *now != leader);
    let ousted = other.map(|other| format!("{} led, and then {} did", name(leader), name(other)));
    Aim { ousted, ..Aim::default() }
}
