//! What an instance writes down: which jobs it has, when each run began and ended.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::count::{Nanos, Run, Schedule};

/// A line of a record, as `app/` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A job, and the schedule by which it is counted.
    Job(String, Planned),
    /// A run began or ended.
    Event(Event),
}

/// When a job is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// At the whole multiples of this by the wall clock.
    Cron(Nanos),
    /// At a fixed rate of this period.
    Rate(Nanos),
    /// At a fixed delay of this length.
    Delay(Nanos),
}

/// A run began or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whether it began.
    pub begins: bool,
    /// Of this job.
    pub job: String,
    /// Which of the runs of its process.
    pub number: u64,
    /// By the clock that all processes share.
    pub shared: Nanos,
    /// By the wall clock of its scheduler.
    pub wall: Nanos,
}

impl Planned {
    /// How long it is from one tick to the next.
    #[must_use]
    pub fn period(self) -> Nanos {
        match self {
            Self::Cron(period) | Self::Rate(period) | Self::Delay(period) => period,
        }
    }

    /// As it is counted, with all planned instants between two of the wall clock.
    #[must_use]
    pub fn schedule(self, from: Nanos, to: Nanos) -> Schedule {
        match self {
            Self::Cron(period) => {
                let instants = (from.div_euclid(period)..=to.div_euclid(period)).map(|i| i * period);
                Schedule::Planned(instants.collect())
            }
            Self::Rate(period) => Schedule::FixedRate(period),
            Self::Delay(length) => Schedule::FixedDelay(length),
        }
    }
}

impl FromStr for Line {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |word: &str| word.parse::<Nanos>().map_err(drop);
        match words[..] {
            ["job", name, kind, millis] => {
                let period = number(millis)? * 1_000_000;
                let planned = match kind {
                    "cron" => Planned::Cron(period),
                    "rate" => Planned::Rate(period),
                    "delay" => Planned::Delay(period),
                    _ => return Err(()),
                };
                Ok(Self::Job(name.to_owned(), planned))
            }
            [what @ ("start" | "end"), job, run, shared, wall] => Ok(Self::Event(Event {
                begins: what == "start",
                job: job.to_owned(),
                number: run.parse().map_err(drop)?,
                shared: number(shared)?,
                wall: number(wall)?,
            })),
            _ => Err(()),
        }
    }
}

/// A record that is being written.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    read: u64,
    /// The beginning of a line that has not been written to its end.
    unfinished: String,
    /// The jobs of the process.
    pub jobs: BTreeMap<String, Planned>,
    /// What it has done so far, in its order.
    pub events: Vec<Event>,
}

impl Record {
    /// One that is, or will be, in this file.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            read: 0,
            unfinished: String::new(),
            jobs: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    /// Reads what has been written since.
    ///
    /// # Errors
    /// The file cannot be read, or has something else in it.
    pub fn catch_up(&mut self) -> io::Result<()> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(self.read))?;
        let mut text = std::mem::take(&mut self.unfinished);
        self.read += u64::try_from(file.read_to_string(&mut text)?).unwrap_or(u64::MAX);
        let (whole, rest) = text.rsplit_once('\n').unwrap_or(("", &text));
        for line in whole.lines() {
            match line.parse() {
                Ok(Line::Job(name, planned)) => drop(self.jobs.insert(name, planned)),
                Ok(Line::Event(event)) => self.events.push(event),
                Err(()) => return Err(io::Error::other(format!("{}: {line:?}", self.path.display()))),
            }
        }
        self.unfinished = rest.to_owned();
        Ok(())
    }

    /// The runs of each job, of the process with this number, which has ended then if it has.
    #[must_use]
    pub fn runs(&self, process: usize, process_ended: Option<Nanos>) -> BTreeMap<String, Vec<Run>> {
        let ends = self.events.iter().filter(|event| !event.begins).map(|event| (event.number, event.shared));
        let ends: BTreeMap<u64, Nanos> = ends.collect();
        let mut runs: BTreeMap<String, Vec<Run>> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.begins) {
            runs.entry(event.job.clone()).or_default().push(Run {
                process,
                start: event.shared,
                end: ends.get(&event.number).copied(),
                start_wall: event.wall,
                process_ended,
            });
        }
        runs
    }

    /// How often each job has begun since then.
    #[must_use]
    pub fn begun_since(&self, then: Nanos) -> BTreeMap<&str, usize> {
        let mut begun = BTreeMap::new();
        for event in self.events.iter().rev().take_while(|event| event.shared >= then) {
            if event.begins {
                *begun.entry(event.job.as_str()).or_insert(0) += 1;
            }
        }
        begun
    }

    /// When a run began last.
    #[must_use]
    pub fn last_begin(&self) -> Option<Nanos> {
        self.events.iter().rev().find(|event| event.begins).map(|event| event.shared)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;

    use super::*;

    #[test]
    fn a_record_is_read_as_it_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record");
        let mut record = Record::of(&path);
        record.catch_up().unwrap();
        assert_eq!(record.last_begin(), None);

        let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        file.write_all(b"job a cron 1000\njob b delay 300\nstart a 1 100 5000\nstart b 2 11").unwrap();
        record.catch_up().unwrap();
        assert_eq!(record.jobs["a"], Planned::Cron(1_000_000_000));
        assert_eq!(record.events.len(), 1);

        file.write_all(b"0 5010\nend b 2 130 5030\n").unwrap();
        record.catch_up().unwrap();
        assert_eq!((record.last_begin(), record.begun_since(101).len()), (Some(110), 1));
        let runs = record.runs(7, Some(140));
        let [a, b] = ["a", "b"].map(|job| runs[job][0]);
        assert_eq!((a.start, a.end, a.start_wall, a.process_ended), (100, None, 5_000, Some(140)));
        assert_eq!((b.start, b.end, b.process), (110, Some(130), 7));

        file.write_all(b"something else\n").unwrap();
        assert!(record.catch_up().is_err());
    }

    #[test]
    fn planned_instants_are_multiples_by_the_wall_clock() {
        assert_eq!(Planned::Cron(5).schedule(12, 25), Schedule::Planned(vec![10, 15, 20, 25]));
        assert_eq!(Planned::Rate(5).schedule(12, 25), Schedule::FixedRate(5));
        assert_eq!(Planned::Delay(5).schedule(12, 25), Schedule::FixedDelay(5));
    }
}
