//! Answers over HTTP who leads.

mod address;
mod answers;
mod http;

use std::io::Write;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;
use cluster_leader::surface::parse_duration;
use cluster_leader::{Elector, Options, Setting, State};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::task::LocalSet;

use crate::args::Settings;
use crate::exit::{self, Failure};
use answers::Book;

/// Answers over HTTP who leads, in place of a leader-elector sidecar
///
/// Takes the options of gcr.io/google_containers/leader-elector (--election, --id, --election-namespace, --ttl,
/// --http) and answers as it did.
///
///   GET /           {"name":"POD","last_update":"TIME","remaining_ms":N}: who leads, or "" if nobody is known to
///   GET /is-leader  200 if this instance leads, 404 if not, 503 while that is not known: for probes and load balancers
///   GET /healthz    200 while this process works
///   GET /readyz     200 once the record has been seen
///   GET /metrics    for Prometheus
///
/// An answer is old on arrival: remaining_ms says for how long at least this instance leads, 0 if it does not.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Where to listen. localhost:4040 and :4040 are this host's loopback addresses; for all say 0.0.0.0:4040
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:4040")]
    http: String,
    /// The lease duration; the renew deadline is two thirds of it, the retry period an eighth
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["lease_duration", "renew_deadline", "retry_period"])]
    ttl: Option<String>,
    /// As in a pod anyway
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "true")]
    use_cluster_credentials: Option<bool>,
}

/// Serves until SIGTERM or SIGINT, then releases.
pub(crate) fn serve(settings: &Settings, arguments: &Arguments) -> Result<u8, Failure> {
    let options = settings.options_to_stand()?;
    let options = match &arguments.ttl {
        Some(ttl) => with_ttl(options, ttl)?,
        None => options,
    };
    let listeners = address::listen(&arguments.http)?;
    let elector = Arc::new(Elector::start(options)?);
    release_on_signals(&elector)?;
    let book = Rc::new(Book::new(Arc::clone(&elector)));
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("no runtime: {error}")))?
        .block_on(LocalSet::new().run_until(answer_at(listeners, &elector, book)))
}

async fn answer_at(
    listeners: Vec<TcpListener>,
    elector: &Arc<Elector>,
    book: Rc<Book>,
) -> Result<u8, Failure> {
    for listener in listeners {
        let cannot = |error| Failure::new(format!("--http: {error}"));
        let address = listener.local_addr().map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(cannot)?;
        // Nobody need read it.
        drop(writeln!(std::io::stdout(), "listening at http://{address}"));
        tokio::task::spawn_local(http::answer(listener, Rc::clone(&book)));
    }
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    while elector.status().state != State::Stopped {
        seconds.tick().await;
        book.take_in();
    }
    Ok(exit::OK)
}

/// From the one number that the retired leader-elector took to the three of an election.
fn with_ttl(options: Options, ttl: &str) -> Result<Options, Failure> {
    let lease = parse_duration(ttl).map_err(|problem| Failure::wrong(format!("--ttl: {problem}")))?;
    let renew_deadline = (lease * 2 / 3).min(lease.saturating_sub(Duration::from_secs(1)));
    let retry_period = (lease / 8).min(renew_deadline / 2);
    Ok(options
        .set(Setting::LeaseDuration, ttl, "--ttl")?
        .renew_deadline(renew_deadline)
        .retry_period(retry_period))
}

fn release_on_signals(elector: &Arc<Elector>) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGTERM, SIGINT])
        .map_err(|error| Failure::new(format!("signals cannot be awaited: {error}")))?;
    let elector = Arc::clone(elector);
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            if signals.forever().next().is_some() {
                tracing::info!("ends, and releases what it holds");
                elector.stop();
                // What it keeps locked is removed by its thread as that ends.
                cluster_leader::shutdown(Duration::from_secs(1));
                std::process::exit(i32::from(exit::OK));
            }
        })
        .map(drop)
        .map_err(|error| Failure::new(format!("no thread for signals: {error}")))
}
