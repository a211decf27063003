//! What a ledger says: the map, its text, and its bounds. No clock, no lock, no I/O.
//!
//! # The text
//!
//! `1` for the format, then for each entry `;`, eight letters for its key, and `started.ended`, each how many
//! milliseconds ago in base 36, or nothing; then `.` and its bytes in base 64, if it has any:
//!
//! ```text
//! 1;Ax49AqYR.;e0KkxMRY0..AAEC;xQrBemI-1ffuo0.1ffqt4
//! ```
//!
//! That is about 22 bytes a job. All ages are as of one instant; how long ago that was stands before the text
//! (see [`election::Ledger`]). In memory they are instants of this host's clock, which may lie before it began
//! to count, so an entry that is read, kept for days and written again is as precise as when it came.
//!
//! A key is a hash of a name, 48 bits of it: of a thousand names, two share an entry in one of half a billion
//! ledgers. Names are known where they were used; whoever reads another's ledger sees hashes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use election::Instant;
use serde_json::{Value, json};

use crate::error::Error;

/// An entry: when something started last, and when it ended last, as far as either is known, and a few bytes of
/// whoever made it.
///
/// Times are ages: how long ago, as of the call that takes or gives the entry, in whole milliseconds once it has
/// been written. Older than 2.4 years is not told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// How long ago it started.
    pub started: Option<Duration>,
    /// How long ago it ended.
    pub ended: Option<Duration>,
    /// Up to [`Entry::MOST_BYTES`], which mean nothing here.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// The most bytes that an entry may have.
    pub const MOST_BYTES: usize = 64;
}

/// A name's hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key([u8; 6]);

impl Key {
    /// Letters in the text.
    const LETTERS: usize = 8;

    pub(crate) fn of(name: &str) -> Self {
        // FNV-1a, whose upper bits are folded into the lower: the same for every version of this library.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let [_, _, folded @ ..] = (hash ^ hash >> 48).to_be_bytes();
        Self(folded)
    }

    fn read(letters: &str) -> Option<Self> {
        BASE64.decode(letters).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.0))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An instant of this host's clock, in nanoseconds from its origin. What happened before the host started
/// lies before that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment(i64);

impl Moment {
    fn before(now: Instant, age: Duration) -> Self {
        let now = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
        Self(now.saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// What lies ahead is now: a clock somewhere was ahead of this one.
    fn age(self, now: Instant) -> Duration {
        let now = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
        Duration::from_nanos(u64::try_from(now.saturating_sub(self.0)).unwrap_or(0))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    /// If it was used here.
    name: Option<String>,
    started: Option<Moment>,
    ended: Option<Moment>,
    bytes: Vec<u8>,
}

impl Kept {
    fn of(name: Option<String>, entry: Entry, now: Instant) -> Self {
        let moment = |age: Duration| Moment::before(now, age);
        Self { name, started: entry.started.map(moment), ended: entry.ended.map(moment), bytes: entry.bytes }
    }

    fn entry(&self, now: Instant) -> Entry {
        let age = |moment: Moment| moment.age(now);
        Entry { started: self.started.map(age), ended: self.ended.map(age), bytes: self.bytes.clone() }
    }

    /// How much of the text it takes at most, however old it becomes.
    fn most_bytes(&self) -> usize {
        let age = |moment: Option<Moment>| if moment.is_some() { AGE_DIGITS } else { 0 };
        let bytes = if self.bytes.is_empty() { 0 } else { 1 + (self.bytes.len() * 4).div_ceil(3) };
        1 + Key::LETTERS + age(self.started) + 1 + age(self.ended) + bytes
    }
}

/// A text that is no ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A ledger in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Book(BTreeMap<Key, Kept>);

const FORMAT: &str = "1";
const BASE: u32 = 36;
const AGE_DIGITS: usize = 7;
/// The largest age of so many digits: 36^7 - 1 ms.
const OLDEST: Duration = Duration::from_millis(78_364_164_095);

impl Book {
    /// Reads what a record says, whose ages are as of `age` before `now`.
    pub(crate) fn read(text: &str, age: Duration, now: Instant) -> Result<Self, Unreadable> {
        let mut parts = text.split(';');
        let format = parts.next().unwrap_or_default();
        if format != FORMAT {
            return Err(Unreadable(format!(
                "it begins with {:?}, not with {FORMAT:?} as this version's do",
                format.chars().take(20).collect::<String>()
            )));
        }
        let mut entries = BTreeMap::new();
        for part in parts {
            let (key, entry) = read_entry(part, age).ok_or_else(|| {
                Unreadable(format!("{:?} is no entry", part.chars().take(40).collect::<String>()))
            })?;
            entries.insert(key, Kept::of(None, entry, now));
        }
        Ok(Self(entries))
    }

    /// The text, with ages as of now.
    pub(crate) fn text(&self, now: Instant) -> String {
        let mut text = FORMAT.to_owned();
        for (key, kept) in &self.0 {
            let entry = kept.entry(now);
            let age = |age: Option<Duration>| age.map_or_else(String::new, in_base_36);
            text.push_str(&format!(";{key}{}.{}", age(entry.started), age(entry.ended)));
            if !entry.bytes.is_empty() {
                text.push('.');
                text.push_str(&BASE64.encode(&entry.bytes));
            }
        }
        text
    }

    /// Also learns that the entry's name is this.
    pub(crate) fn get(&mut self, name: &str, now: Instant) -> Option<Entry> {
        let kept = self.0.get_mut(&Key::of(name))?;
        if kept.name.is_none() {
            kept.name = Some(name.to_owned());
        }
        Some(kept.entry(now))
    }

    /// # Errors
    /// Its bytes are too many, or the ledger would be too large.
    pub(crate) fn set(&mut self, name: &str, entry: Entry, now: Instant) -> Result<(), Error> {
        if entry.bytes.len() > Entry::MOST_BYTES {
            return Err(Error::LedgerEntry { name: shown(name), bytes: entry.bytes.len() });
        }
        let key = Key::of(name);
        let kept = Kept::of(Some(name.to_owned()), entry, now);
        let before = self.0.get(&key).map_or(0, Kept::most_bytes);
        let bytes = self.most_bytes() - before + kept.most_bytes();
        if bytes > election::Ledger::MOST_BYTES {
            return Err(Error::LedgerFull { name: shown(name), bytes, largest: self.largest() });
        }
        self.0.insert(key, kept);
        Ok(())
    }

    /// Whether there was one.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.0.remove(&Key::of(name)).is_some()
    }

    /// All entries: each with its name, if it was used here, and its key.
    pub(crate) fn entries(&self, now: Instant) -> impl Iterator<Item = (Option<&str>, Key, Entry)> {
        self.0.iter().map(move |(key, kept)| (kept.name.as_deref(), *key, kept.entry(now)))
    }

    /// How long the text may become, if no more is set.
    pub(crate) fn most_bytes(&self) -> usize {
        FORMAT.len() + self.0.values().map(Kept::most_bytes).sum::<usize>()
    }

    /// If it is, what takes how much, for people.
    pub(crate) fn nearly_full(&self) -> Option<String> {
        let (bytes, most) = (self.most_bytes(), election::Ledger::MOST_BYTES);
        (bytes > most / 5 * 4).then(|| {
            format!(
                "the ledger takes {bytes} of {most} bytes, after which nothing new is noted: {}. Remove what is not needed",
                self.largest()
            )
        })
    }

    /// The largest entries, for people.
    fn largest(&self) -> String {
        let mut all: Vec<_> =
            self.0.iter().map(|(key, kept)| (kept.most_bytes(), kept.name.as_deref(), key)).collect();
        all.sort_by(|one, other| other.0.cmp(&one.0).then(one.2.cmp(other.2)));
        let told = |(bytes, name, key): &(usize, Option<&str>, &Key)| match name {
            Some(name) => format!("{:?} ({bytes} bytes)", shown(name)),
            None => format!("the key {key} ({bytes} bytes)"),
        };
        let told: Vec<_> = all.iter().take(5).map(told).collect();
        format!("of {} entries the largest are {}", all.len(), told.join(", "))
    }

    /// For people and programs: `{"bytes": 40, "entries": [{"key": ..., "started_ms_ago": ...}]}`.
    pub(crate) fn to_json(&self, now: Instant) -> Value {
        let millis = |age: Duration| u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let entries: Vec<_> = self
            .entries(now)
            .map(|(name, key, entry)| {
                json!({
                    "name": name,
                    "key": key.to_string(),
                    "started_ms_ago": entry.started.map(millis),
                    "ended_ms_ago": entry.ended.map(millis),
                    "bytes": BASE64.encode(&entry.bytes),
                })
            })
            .collect();
        json!({
            "bytes": self.most_bytes(),
            "most_bytes": election::Ledger::MOST_BYTES,
            "entries": entries,
        })
    }
}

fn read_entry(part: &str, age: Duration) -> Option<(Key, Entry)> {
    let (key, rest) = part.split_at_checked(Key::LETTERS)?;
    let mut fields = rest.split('.');
    let (started, ended, bytes) = (fields.next()?, fields.next()?, fields.next());
    if fields.next().is_some() {
        return None;
    }
    let moment = |digits: &str| match digits {
        "" => Some(None),
        // Nothing that `from_str_radix` takes besides: no sign, no other alphabet.
        _ if digits.len() > AGE_DIGITS
            || !digits.bytes().all(|it| it.is_ascii_digit() || it.is_ascii_lowercase()) =>
        {
            None
        }
        _ => u64::from_str_radix(digits, BASE)
            .ok()
            .map(|millis| Some(Duration::from_millis(millis).saturating_add(age))),
    };
    let bytes =
        BASE64.decode(bytes.unwrap_or_default()).ok().filter(|bytes| bytes.len() <= Entry::MOST_BYTES)?;
    Some((Key::read(key)?, Entry { started: moment(started)?, ended: moment(ended)?, bytes }))
}

fn in_base_36(age: Duration) -> String {
    let mut rest = u64::try_from(age.min(OLDEST).as_millis()).unwrap_or(0);
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(rest % u64::from(BASE)).unwrap_or(0);
        digits.push(char::from_digit(digit, BASE).unwrap_or('0'));
        rest /= u64::from(BASE);
        if rest == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// A name as an error shows it.
fn shown(name: &str) -> String {
    name.chars().take(80).collect()
}
