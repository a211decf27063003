//! Elections, as they go on.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use cluster_leader::Observer;
use cluster_leader::surface::parse_duration;
use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::args::{Format, Output, Settings};
use crate::exit::{self, Failure};
use crate::print::{milliseconds, print, rfc_3339, short, tell};
use crate::seen::{Seen, Shown, State};
use crate::status::Which;

/// Shows elections as they go on, until Ctrl-C, and sums up
///
/// On a terminal a timeline for each: one letter for each holder, '.' while nobody holds it, '!' while its holder
/// does not renew it. Else a line for each change; with -o json an object for each.
///
/// It looks every --interval. Who holds it only in between is not seen, but is counted among the hand-overs.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// How often to look
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = parse_duration)]
    interval: Duration,
    /// Ends by itself after this time
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    lasts: Option<Duration>,
}

/// What has been seen of an election so far.
#[derive(Default)]
struct Story {
    /// The holders, in the order of their coming.
    holders: Vec<String>,
    /// A letter for each look.
    strip: String,
    last: Option<(State, Option<String>, Option<i32>)>,
    /// The last term there was, and how many have begun since the first look.
    term: Option<i32>,
    hand_overs: u32,
    without_leader: Duration,
}

#[derive(Serialize)]
struct Event<'a> {
    at: Option<String>,
    #[serde(flatten)]
    seen: Shown<'a>,
}

#[derive(Serialize)]
struct Summary<'a> {
    election: &'a str,
    watched_ms: u64,
    holders: &'a [String],
    hand_overs: u32,
    without_leader_ms: u64,
}

pub(crate) fn watch(settings: &Settings, output: Output, arguments: &Arguments) -> Result<u8, Failure> {
    if arguments.interval.is_zero() {
        return Err(Failure::wrong("--interval: 0 is too short: it must be at least 1ms, for example 1s"));
    }
    let observer = Observer::new(settings.options()?)?;
    let over = ended_by_signals()?;
    let json = output.output == Format::Json;
    let draws = !json && stdout().is_terminal();
    let mut stories: BTreeMap<String, Story> = BTreeMap::new();
    let (begun, mut drawn) = (Instant::now(), 0);
    let lasts = arguments.lasts.unwrap_or(Duration::MAX);
    let mut looked = begun;
    while !over.load(Ordering::Relaxed) && begun.elapsed() < lasts {
        let since_last = looked.elapsed();
        looked = Instant::now();
        match arguments.which.look(&observer) {
            Ok((all, _)) => {
                for seen in &all {
                    let story = stories.entry(seen.election.clone()).or_default();
                    if story.take_in(seen, since_last) && !draws {
                        print(&line(seen, json)?)?;
                    }
                }
                if draws {
                    drawn = draw(&stories, drawn)?;
                }
            }
            // It may be answered again soon: what would be the use of a watch that ends by an outage?
            Err(failure) => tell(&format!("cluster-leader: {}", failure.message)),
        }
        pause(arguments.interval, &over);
    }
    sum_up(&stories, begun.elapsed(), json)?;
    Ok(exit::OK)
}

fn ended_by_signals() -> Result<Arc<AtomicBool>, Failure> {
    let over = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&over))
            .map_err(|error| Failure::new(format!("signals cannot be awaited: {error}")))?;
    }
    Ok(over)
}

/// In pieces: a sleep is not ended by a signal.
fn pause(interval: Duration, over: &AtomicBool) {
    const PIECE: Duration = Duration::from_millis(50);
    let until = Instant::now() + interval;
    while !over.load(Ordering::Relaxed) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        thread::sleep(left.min(PIECE));
    }
}

impl Story {
    /// As wide as fits beside names on most terminals.
    const LONGEST_STRIP: usize = 60;

    /// Whether there is something new.
    fn take_in(&mut self, seen: &Seen, since_last: Duration) -> bool {
        let (state, holder) = (seen.state(), seen.leader().map(str::to_owned));
        let mark = match (state, &holder) {
            (State::Expired | State::Dead, _) => '!',
            (_, None) => '.',
            (_, Some(holder)) => self.letter_of(holder),
        };
        if state != State::Held {
            self.without_leader += since_last;
        }
        if self.strip.chars().count() >= Self::LONGEST_STRIP {
            self.strip = self.strip.chars().skip(1).collect();
        }
        self.strip.push(mark);
        let term = seen.record.as_ref().map(|record| record.term);
        self.hand_overs += match (self.term, term) {
            (Some(before), Some(now)) if now < before => 1, // The record was made anew.
            (Some(before), Some(now)) => now.abs_diff(before),
            _ => 0,
        };
        self.term = term.or(self.term);
        let now = Some((state, holder, term));
        let is_new = self.last != now;
        self.last = now;
        is_new
    }

    fn letter_of(&mut self, holder: &str) -> char {
        let number = self.holders.iter().position(|known| known == holder).unwrap_or_else(|| {
            self.holders.push(holder.to_owned());
            self.holders.len() - 1
        });
        ('A'..='Z').nth(number).unwrap_or('?')
    }
}

fn line(seen: &Seen, json: bool) -> Result<String, Failure> {
    let at = rfc_3339(SystemTime::now());
    if json {
        return serde_json::to_string(&Event { at, seen: seen.shown() })
            .map(|text| text + "\n")
            .map_err(|error| Failure::new(format!("not to be said in JSON: {error}")));
    }
    Ok(format!("{}  {}  {}\n", at.unwrap_or_default(), seen.election, in_words(seen)))
}

fn in_words(seen: &Seen) -> String {
    let (state, leader) = (seen.state(), seen.leader().unwrap_or("nobody"));
    let term = seen.record.as_ref().map_or(0, |record| record.term);
    match state {
        State::Held => format!("held by {leader} (term {term})"),
        State::Expired => format!("held by {leader}, who does not renew it (term {term})"),
        State::Dead => format!("held by {leader}, who is dead (term {term})"),
        State::Released => format!("released (term {term})"),
        State::Absent => "no record".to_owned(),
    }
}

/// Draws over the lines that were drawn before; how many there are now.
fn draw(stories: &BTreeMap<String, Story>, drawn: usize) -> Result<usize, Failure> {
    let width = stories.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = if drawn > 0 { format!("\u{1b}[{drawn}A") } else { String::new() };
    for (name, story) in stories {
        let Some((state, holder, term)) = &story.last else { continue };
        let holder = holder.as_deref().unwrap_or("nobody");
        let state = state.tone().paint(state.word());
        let term = term.unwrap_or(0);
        text.push_str(&format!(
            "\u{1b}[2K{name:width$}  {:<60}  {state}  {holder} (term {term})\n",
            story.strip
        ));
    }
    print(&text)?;
    Ok(stories.len())
}

fn sum_up(stories: &BTreeMap<String, Story>, watched: Duration, json: bool) -> Result<(), Failure> {
    for (election, story) in stories {
        if json {
            let summary = Summary {
                election,
                watched_ms: milliseconds(watched),
                holders: &story.holders,
                hand_overs: story.hand_overs,
                without_leader_ms: milliseconds(story.without_leader),
            };
            let text = serde_json::to_string(&serde_json::json!({ "summary": summary }))
                .map_err(|error| Failure::new(format!("not to be said in JSON: {error}")))?;
            print(&(text + "\n"))?;
            continue;
        }
        // From less no rate can be told.
        let rate = if watched >= Duration::from_secs(60) {
            format!(" ({:.0} an hour)", f64::from(story.hand_overs) * 3600.0 / watched.as_secs_f64())
        } else {
            String::new()
        };
        let legend: Vec<_> = story
            .holders
            .iter()
            .zip('A'..='Z')
            .map(|(holder, letter)| format!("{letter} {holder}"))
            .collect();
        print(&format!(
            "{election}: watched for {}, {} hand-overs{rate}, {} without a leader; {}\n",
            short(watched),
            story.hand_overs,
            short(story.without_leader),
            if legend.is_empty() { "no holder".to_owned() } else { legend.join(", ") },
        ))?;
    }
    Ok(())
}
