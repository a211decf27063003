//! Which states of a process have the same future.
//!
//! An election counts time from an origin, attempts from one, and store versions as the store does.
//! None of the three matters by itself: only how instants lie to *now*, versions to the newest one,
//! and an attempt's number to that of the attempt under way. So two processes are taken for the same
//! if they differ in nothing else. What is compared is the derived `Debug` text of everything that a
//! process is made of, in which
//!
//! * an instant is told as its distance from now, unless it is so long ago that it makes no
//!   difference any more ([`Frame::tell_field`]);
//! * the two instants that jitter decides are told as the number of the process's next steps of time
//!   until they have come: nothing happens between two steps. Whether a follower that polls reads
//!   first or claims first is told apart ([`Frame::claim_after_poll`]);
//! * versions are told as their distance from the newest, and those out of reach of any message are
//!   one: they differ from every version that will be heard of;
//! * numbers of attempts are left out: the attempt of which an outcome may come is the one under way;
//! * the numbers of fencing tokens are left out: they are reported, never decided upon;
//! * an instant that is written before it is read next is left out (see [`Frame`]);
//! * the same open write more than twice in a row is told twice: that of the attempt under way, which
//!   its outcome removes, and another that stays.
//!
//! The text names every field, also those that are added one day; a field that is not known here is
//! told as it is, which costs states but hides nothing.

use std::fmt::Write as _;
use std::ops::Range;
use std::time::Duration;

use election::Instant;

/// From where a process counts, and what of it does not matter now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Its clock.
    pub(super) now: Instant,
    /// How much its clock goes on in a step of the world.
    pub(super) step: Duration,
    /// The store's newest version, as this process numbers versions.
    pub(super) newest: u64,
    /// Nothing lasts longer.
    pub(super) longest: Duration,
    /// A conflict further back than this is none: it no longer delays anything.
    pub(super) retry_period: Duration,
    /// It renews nothing: when it would is written with its next claim.
    pub(super) no_claim: bool,
    /// It does not poll: when it would is written when its watch closes.
    pub(super) watching: bool,
    /// How long the record's holder must be waited for, counted from `since`; `None`: nobody
    /// waits, as the record has no holder or is the process's own.
    pub(super) wait: Option<Duration>,
}

/// What a claim may have to wait for, beside the record's holder.
const WAITS: [&str; 2] = ["may_lead_until: Instant(", "next_term: Instant("];

/// Versions further back than this are out of reach of any message: the watch's history is
/// shorter, and no reply is under way for so many writes.
pub(super) const REACH: u64 = 9;

impl Frame {
    /// Appends `text`, a `Debug` text, in its canonical form. Returns which seconds of wall time
    /// occur in it.
    pub(super) fn tell(&self, text: &str, told: &mut String) -> u64 {
        let mut walls = 0;
        let mut at = 0;
        let mut open_writes = OpenWrites::default();
        let sent = self.sent(text);
        while at < text.len() {
            let rest = &text[at..];
            let byte = rest.as_bytes()[0];
            let end = match byte {
                // Only the stagger counts from it, and nobody holds back in these worlds.
                b'd' if rest.starts_with("dead: Some((") => {
                    let name_ends = rest.find(", Instant(").expect("a name and an instant");
                    told.push_str(&rest[..name_ends]);
                    Some(digits(rest, name_ends + 10) + 1)
                }
                b'd' | b'm' | b'n' | b'r' | b'u' | b's' => self.tell_field(rest, sent, told),
                b'l' if rest.starts_with("last_conflict: Some(Instant(") => {
                    let (instant, end) = number(rest, 28);
                    if instant + self.retry_period <= self.now {
                        told.push_str("last_conflict: None");
                    } else {
                        told.push_str("last_conflict: Some(");
                        self.tell_distance(instant, told);
                    }
                    Some(end + 2)
                }
                b'I' if rest.starts_with("Instant(") => {
                    let (instant, end) = number(rest, 8);
                    self.tell_distance(instant, told);
                    Some(end + 1)
                }
                b'A' if rest.starts_with("AttemptId(") => Some(digits(rest, 10) + 1),
                b'W' if rest.starts_with("WallTime(") => {
                    let end = digits(rest, 9);
                    let micros: u64 = rest[9..end].parse().expect("a time of this world");
                    walls |= 1 << (micros / 1_000_000).min(63);
                    told.push_str(&rest[..end]);
                    Some(end)
                }
                b't' if rest.starts_with("token: Some((") => {
                    let name_ends = rest.find(',').expect("a name and a number");
                    told.push_str(&rest[..name_ends]);
                    Some(digits(rest, name_ends + 2))
                }
                b't' if rest.starts_with("token: ") => Some(digits(rest, 7)),
                b'U' if rest.starts_with("Unresolved {") => {
                    open_writes.began = Some(told.len());
                    None
                }
                b',' if rest.starts_with(", Unresolved {") => {
                    open_writes.end_one(told);
                    Some(2)
                }
                b']' => {
                    open_writes.end_one(told);
                    None
                }
                _ => None,
            };
            if end.is_none() {
                told.push(char::from(byte));
            }
            at += end.unwrap_or(1);
        }
        let claim_after_poll = self.claim_after_poll(text);
        write!(told, " {claim_after_poll:?}").expect("a string takes everything");
        walls
    }

    /// A field that is told in its own way, if `rest` begins with one; and where it ends.
    ///
    /// `sent`: no poll that is planned from here on is due before this.
    fn tell_field(&self, rest: &str, sent: Instant, told: &mut String) -> Option<usize> {
        for prefix in ["number: ", "deleted_at: "] {
            if rest.starts_with(prefix) {
                let end = digits(rest, prefix.len());
                self.tell_version(rest[prefix.len()..end].parse().expect("a version"), told);
                return Some(end);
            }
        }
        let begins = rest.find('(').filter(|begins| *begins < 25)? + 1;
        let prefix = &rest[..begins];
        let makes_no_difference: &dyn Fn(Instant) -> bool = match prefix {
            // It is overwritten before it is read.
            "now: Instant(" => &|_| true,
            // Only whether it has come matters.
            "deadline: Instant(" | "until: Instant(" => &|instant| instant <= self.now,
            "next_attempt: Instant(" => &|instant| instant <= self.now,
            "next_poll: Instant(" => &|instant| self.watching || instant <= self.now,
            // And whether it came before a poll.
            "may_lead_until: Instant(" | "next_term: Instant(" => &|instant| instant <= sent,
            "since: Instant(" => &|since| self.wait.is_none() || self.comes(prefix, since) <= sent,
            // Nothing that counts from it is still to come.
            "renew_at: Instant(" => &|instant| self.no_claim || instant + self.longest <= self.now,
            "sent: Instant(" => &|instant| instant + self.longest <= self.now,
            _ => return None,
        };
        let (instant, end) = number(rest, begins);
        told.push_str(prefix);
        if !makes_no_difference(instant) {
            if matches!(prefix, "next_attempt: Instant(" | "next_poll: Instant(") {
                let steps = instant.since(self.now).as_nanos().div_ceil(self.step.as_nanos());
                write!(told, "{steps}").expect("a string takes everything");
            } else if self.comes(prefix, instant) <= self.now && sent + self.longest <= self.now {
                // A poll planned from `sent` has come too: which came first is all that matters.
                let after = self.comes(prefix, instant).since(sent).as_nanos();
                write!(told, "sent {after}").expect("a string takes everything");
            } else {
                self.tell_distance(instant, told);
            }
        }
        Some(end + 1)
    }

    /// When something may happen that waits for this instant.
    fn comes(&self, prefix: &str, instant: Instant) -> Instant {
        let wait = self.wait.filter(|_| prefix == "since: Instant(");
        instant + wait.unwrap_or_default()
    }

    /// When the attempt under way was sent; now, if there is none.
    fn sent(&self, text: &str) -> Instant {
        let name = "sent: Instant(";
        text.find(name).map_or(self.now, |at| number(text, at + name.len()).0.min(self.now))
    }

    /// For each instant that a claim may wait for: whether it is after the next poll.
    fn claim_after_poll(&self, text: &str) -> Vec<bool> {
        let name = "next_poll: Instant(";
        let Some(at) = text.find(name).filter(|_| !self.watching) else { return Vec::new() };
        let next_poll = number(text, at + name.len()).0;
        let name = "since: Instant(";
        let since = text.find(name).map(|at| number(text, at + name.len()).0 + self.wait.unwrap_or_default());
        let died = text.find("dead: Some((").and_then(|dead| {
            let name = "Instant(";
            text[dead..].find(name).map(|at| number(text, dead + at + name.len()).0)
        });
        let waits = WAITS
            .into_iter()
            .flat_map(|name| text.match_indices(name).map(move |(at, _)| number(text, at + name.len()).0));
        since.into_iter().chain(died).chain(waits).map(|wait| wait > next_poll).collect()
    }

    fn tell_distance(&self, instant: Instant, told: &mut String) {
        let (ahead, behind) = (instant.since(self.now).as_nanos(), self.now.since(instant).as_nanos());
        write!(told, "{ahead}-{behind}").expect("a string takes everything");
    }

    fn tell_version(&self, version: u64, told: &mut String) {
        let written = if version + REACH <= self.newest {
            write!(told, "v-")
        } else {
            write!(told, "v{}", i128::from(version) - i128::from(self.newest))
        };
        written.expect("a string takes everything");
    }
}

/// The open writes told so far.
#[derive(Default)]
struct OpenWrites {
    began: Option<usize>,
    last: Range<usize>,
    in_a_row: u32,
}

impl OpenWrites {
    /// The third in a row of the same is not told.
    fn end_one(&mut self, told: &mut String) {
        let Some(start) = self.began.take() else { return };
        let this = start..told.len();
        self.in_a_row = if told[self.last.clone()] == told[this.clone()] { self.in_a_row + 1 } else { 1 };
        if self.in_a_row > 2 {
            told.truncate(start);
        } else {
            self.last = this;
        }
    }
}

/// The instant whose number is at `at`, and where that ends.
fn number(text: &str, at: usize) -> (Instant, usize) {
    let end = digits(text, at);
    (Instant::from_nanos(text[at..end].parse().expect("an instant")), end)
}

/// Where the digits that begin at `at` end.
fn digits(text: &str, at: usize) -> usize {
    at + text[at..].bytes().take_while(u8::is_ascii_digit).count()
}
