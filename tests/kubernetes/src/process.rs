//! A child process and the lines that it writes.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::moment::Moment;
use crate::patience::PATIENCE;

/// A line that a process wrote.
#[derive(Clone, Debug)]
pub struct Line {
    /// When it reached us.
    pub at: Moment,
    /// The line, without its end.
    pub text: String,
}

/// A running process. Dropping kills it and all that it has started.
pub struct Process {
    name: String,
    child: Mutex<Child>,
    pid: Pid,
    stdin: Mutex<Option<ChildStdin>>,
    lines: Arc<Lines>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Lines {
    written: Mutex<Written>,
    changed: Condvar,
}

#[derive(Default)]
struct Written {
    lines: Vec<Line>,
    streams_at_end: usize,
}

impl Process {
    /// Starts it. Its standard output and error are read together, its standard input is ours.
    pub fn start(name: &str, command: &mut Command) -> Self {
        let mut child = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {command:?} does not start: {error}"));
        let lines = Arc::new(Lines::default());
        let readers = [
            child.stdout.take().map(|stream| Lines::read(&lines, stream)),
            child.stderr.take().map(|stream| Lines::read(&lines, stream)),
        ];
        Self {
            name: name.to_owned(),
            pid: Pid::from_child(&child),
            stdin: Mutex::new(child.stdin.take()),
            child: Mutex::new(child),
            lines,
            readers: readers.into_iter().flatten().collect(),
        }
    }

    /// What the test calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Sends a signal to the process itself.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap_or_else(|error| panic!("{self}: {signal:?}: {error}"));
    }

    /// Kills it without a chance to say good-bye. Returns the moment before which it was alive.
    pub fn kill(&self) -> Moment {
        let before = Moment::now();
        self.signal(Signal::KILL);
        self.await_exit();
        before
    }

    /// Writes a line to its standard input.
    pub fn tell(&self, line: &str) {
        let mut stdin = lock(&self.stdin);
        let stdin = stdin.as_mut().expect("standard input is open");
        writeln!(stdin, "{line}").unwrap_or_else(|error| panic!("{self}: {error}"));
    }

    /// Waits until it has ended and all that it wrote has been read.
    pub fn await_exit(&self) -> ExitStatus {
        self.await_lines("its end", |written| (written.streams_at_end == 2).then_some(()));
        let status = lock(&self.child).wait().unwrap_or_else(|error| panic!("{self}: {error}"));
        if let Some(signal) = status.signal()
            && status.core_dumped()
        {
            panic!("{self} crashed with signal {signal}");
        }
        status
    }

    /// Whether it has ended, and all that it wrote has been read.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        lock(&self.lines.written).streams_at_end == 2
    }

    /// How many lines it has written so far.
    #[must_use]
    pub fn line_count(&self) -> usize {
        lock(&self.lines.written).lines.len()
    }

    /// Looks at all lines so far.
    pub fn with_lines<T>(&self, look: impl FnOnce(&[Line]) -> T) -> T {
        look(&lock(&self.lines.written).lines)
    }

    /// Waits for a line, of those after the first `after`, in which `find` finds something.
    ///
    /// # Panics
    /// None comes, or the process ends.
    pub fn await_line<T>(&self, what: &str, after: usize, find: impl Fn(&Line) -> Option<T>) -> T {
        let mut looked_at = after;
        self.await_lines(what, |written| {
            let new = written.lines.get(looked_at..).unwrap_or_default();
            let found = new.iter().find_map(&find);
            looked_at = looked_at.max(written.lines.len());
            found
        })
    }

    /// Waits for a line that contains `text`.
    pub fn await_text(&self, text: &str) -> Line {
        self.await_line(&format!("a line with {text:?}"), 0, |line| {
            line.text.contains(text).then(|| line.clone())
        })
    }

    fn await_lines<T>(&self, what: &str, mut find: impl FnMut(&Written) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut written = lock(&self.lines.written);
        loop {
            if let Some(found) = find(&written) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let ended = written.streams_at_end == 2;
            if ended || left.is_zero() {
                drop(written);
                let why = if ended { "ended".to_owned() } else { format!("took longer than {PATIENCE:?}") };
                panic!("{self} {why} while this was awaited: {what}\n{}", self.last_lines());
            }
            (written, _) =
                self.lines.changed.wait_timeout(written, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn last_lines(&self) -> String {
        const MOST: usize = 60;
        let lines = self.with_lines(|lines| {
            let first = lines.len().saturating_sub(MOST);
            lines.iter().skip(first).map(|line| format!("  {} {}", line.at, line.text)).collect::<Vec<_>>()
        });
        format!("the last lines of {self}:\n{}", lines.join("\n"))
    }
}

impl Lines {
    fn read(lines: &Arc<Self>, stream: impl Read + Send + 'static) -> JoinHandle<()> {
        let lines = Arc::clone(lines);
        thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut text = Vec::new();
            while stream.read_until(b'\n', &mut text).is_ok_and(|length| length > 0) {
                let at = Moment::now();
                let line = String::from_utf8_lossy(&text).trim_end_matches('\n').to_owned();
                lock(&lines.written).lines.push(Line { at, text: line });
                lines.changed.notify_all();
                text.clear();
            }
            lock(&lines.written).streams_at_end += 1;
            lines.changed.notify_all();
        })
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Process({self})")
    }
}

impl Drop for Process {
    #[allow(clippy::print_stderr, reason = "what a failed test's processes said is what one looks for")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.last_lines());
        }
        let mut child = lock(&self.child);
        if matches!(child.try_wait(), Ok(None)) {
            // An error means that it is gone already.
            let _ = kill_process_group(self.pid, Signal::KILL);
            let _ = child.wait();
        }
        for reader in self.readers.drain(..) {
            drop(reader.join());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
