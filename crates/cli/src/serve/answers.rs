//! What is answered.

use std::sync::{Arc, Mutex, PoisonError};

use cluster_leader::{ChangeKind, Elector, State, Status};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

/// What all connections answer from.
pub(super) struct Book {
    elector: Arc<Elector>,
    counted: Mutex<Counted>,
}

/// What is counted over the life of the process.
#[derive(Debug)]
struct Counted {
    last_change: u64,
    acquired: u64,
    lost: u64,
    leader_changes: u64,
    /// When the leader changed last, as seen here.
    last_update: Timestamp,
    requests: u64,
}

/// An answer, but for its headers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the retired leader-elector answered, what its successors added, and how long it holds.
#[derive(Debug, Serialize)]
struct Leader<'a> {
    name: &'a str,
    last_update: String,
    remaining_ms: u64,
}

#[derive(Debug, Serialize)]
struct IsLeader<'a> {
    leader: bool,
    name: &'a str,
    remaining_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    term: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fencing_token: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Health<'a> {
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
    remaining_ms: u64,
}

impl Book {
    pub(super) fn new(elector: Arc<Elector>) -> Self {
        let counted = Counted {
            last_change: 0,
            acquired: 0,
            lost: 0,
            leader_changes: 0,
            last_update: Timestamp::now(),
            requests: 0,
        };
        Self { elector, counted: Mutex::new(counted) }
    }

    /// Takes in what has happened since the last call.
    pub(super) fn take_in(&self) {
        let mut counted = self.counted();
        for change in self.elector.changes(counted.last_change) {
            counted.last_change = change.number;
            match change.kind {
                ChangeKind::Acquired { .. } => counted.acquired += 1,
                ChangeKind::Lost { .. } => counted.lost += 1,
                ChangeKind::LeaderChanged { .. } => {
                    counted.leader_changes += 1;
                    counted.last_update = Timestamp::now();
                }
                _ => {}
            }
        }
    }

    fn counted(&self) -> std::sync::MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answer(&self, method: &Method, path: &str) -> Answer {
        self.counted().requests += 1;
        if !matches!(*method, Method::GET | Method::HEAD) {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered\n");
        }
        let status = self.elector.status();
        match path {
            "/" => self.leader(&status),
            "/is-leader" => is_leader(&status),
            "/healthz" => health(&status, status.state != State::Stopped),
            "/readyz" => health(&status, is_informed(&status)),
            "/metrics" => Answer { status: StatusCode::OK, content_type: TEXT, body: self.metrics(&status) },
            _ => plain(StatusCode::NOT_FOUND, "there are /, /is-leader, /healthz, /readyz and /metrics\n"),
        }
    }

    fn leader(&self, status: &Status) -> Answer {
        json(
            StatusCode::OK,
            &Leader {
                name: name_of_leader(status),
                last_update: format!("{:.0}", self.counted().last_update),
                remaining_ms: remaining_ms(status),
            },
        )
    }

    fn metrics(&self, status: &Status) -> String {
        self.take_in();
        let counted = self.counted();
        let election = label(&status.election);
        let mut text = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, value: String| {
            text.push_str(&format!(
                "# HELP cluster_leader_{name} {help}\n# TYPE cluster_leader_{name} {kind}\n\
                 cluster_leader_{name}{{election=\"{election}\"}} {value}\n"
            ));
        };
        let number = |is: bool| u8::from(is).to_string();
        metric("is_leader", "gauge", "Whether this instance leads.", number(status.leading));
        metric(
            "remaining_seconds",
            "gauge",
            "How long this instance leads at least; 0 if it does not.",
            status.remaining.as_secs_f64().to_string(),
        );
        metric("term", "gauge", "leaseTransitions of the record.", status.term.unwrap_or(0).to_string());
        metric("informed", "gauge", "Whether the record has been seen.", number(is_informed(status)));
        metric(
            "problem",
            "gauge",
            "Whether the last thing tried has failed.",
            number(status.last_problem.is_some()),
        );
        metric("terms_acquired_total", "counter", "Terms that began here.", counted.acquired.to_string());
        metric("terms_lost_total", "counter", "Terms that ended here.", counted.lost.to_string());
        metric(
            "leader_changes_total",
            "counter",
            "Changes of the leader seen here.",
            counted.leader_changes.to_string(),
        );
        metric("http_requests_total", "counter", "Requests answered here.", counted.requests.to_string());
        text.push_str(&format!(
            "# HELP cluster_leader_leader_info Who leads, as far as is known here.\n\
             # TYPE cluster_leader_leader_info gauge\n\
             cluster_leader_leader_info{{election=\"{election}\",leader=\"{}\"}} 1\n",
            label(name_of_leader(status))
        ));
        text
    }
}

fn is_leader(status: &Status) -> Answer {
    let code = if status.leading {
        StatusCode::OK
    } else if is_informed(status) {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    json(
        code,
        &IsLeader {
            leader: status.leading,
            name: name_of_leader(status),
            remaining_ms: remaining_ms(status),
            term: status.term.filter(|_| status.leading),
            fencing_token: status.fencing_token,
        },
    )
}

fn health(status: &Status, well: bool) -> Answer {
    let (code, words) = match (well, status.state) {
        (true, _) => (StatusCode::OK, "ok"),
        (false, State::Stopped) => (StatusCode::SERVICE_UNAVAILABLE, "stopped"),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "the record has not been seen yet"),
    };
    let problem = status.last_problem.as_deref();
    json(code, &Health { status: words, problem, remaining_ms: remaining_ms(status) })
}

/// Whether something is known of the record.
fn is_informed(status: &Status) -> bool {
    !matches!(status.state, State::Starting | State::Stopped)
}

/// The name that askers compare with their own: ours only while our claim holds. Another process of our name is
/// told apart by its whole identity.
fn name_of_leader(status: &Status) -> &str {
    if status.leading {
        return &status.instance_name;
    }
    match (status.leader.as_deref(), status.leader_identity.as_deref()) {
        (Some(_), Some(identity)) if identity == status.identity => "",
        (Some(name), Some(identity)) if name == status.instance_name => identity,
        (Some(name), _) => name,
        (None, _) => "",
    }
}

fn remaining_ms(status: &Status) -> u64 {
    u64::try_from(status.remaining.as_millis()).unwrap_or(u64::MAX)
}

fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    match serde_json::to_string(value) {
        Ok(body) => Answer { status, content_type: JSON, body: body + "\n" },
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error}\n")),
    }
}

fn plain(status: StatusCode, text: &str) -> Answer {
    Answer { status, content_type: "text/plain; charset=utf-8", body: text.to_owned() }
}

/// A label's value, as Prometheus reads it.
fn label(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
