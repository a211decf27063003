//! What the library logs, and whether its thread fails.

use std::io::{self, Write};
use std::panic;
use std::sync::{LazyLock, Mutex};
use std::thread;

use tracing_subscriber::filter::LevelFilter;

static LINES: LazyLock<Mutex<Vec<String>>> = LazyLock::new(|| {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(LevelFilter::INFO)
        .with_writer(|| Collector)
        .init();
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() == Some("cluster-leader") {
            LINES.lock().unwrap().push(format!("PANIC {info}"));
        }
        usual(info);
    }));
    Mutex::default()
});

struct Collector;

impl Write for Collector {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap().push(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps what is logged from now on.
pub(crate) fn keep() {
    LazyLock::force(&LINES);
}

/// The lines about an election, in their order.
pub(crate) fn about(election: &str) -> Vec<String> {
    let name = format!("Lease team/{election}");
    LINES.lock().unwrap().iter().filter(|line| line.contains(&name)).cloned().collect()
}

/// The panics of the elections' thread.
pub(crate) fn panics() -> Vec<String> {
    LINES.lock().unwrap().iter().filter(|line| line.starts_with("PANIC")).cloned().collect()
}
