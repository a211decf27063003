//! Asking the store.

use std::time::Duration;

use election::{Attempt, AttemptId, Identity, Outcome, Request};

use crate::os;
use crate::shared::Shared;
use crate::store::{Store, StoreError};

/// An attempt that ended.
pub(super) struct Ended {
    pub(super) id: AttemptId,
    pub(super) was_read: bool,
    pub(super) outcome: Outcome,
    pub(super) problem: Option<StoreError>,
    pub(super) took: Duration,
}

/// One attempt, bounded in time.
pub(super) async fn perform<S: Store>(store: &S, attempt: Attempt) -> Ended {
    let Attempt { id, request, timeout, urgent } = attempt;
    let was_read = request == Request::Read;
    let what = match &request {
        Request::Read => "a read",
        Request::Create(_) => "a create",
        Request::Update(..) => "an update",
    };
    store.begin_attempt(timeout, urgent);
    let asked = async {
        match &request {
            Request::Read => store.read().await.map(Outcome::Read),
            Request::Create(record) => store.create(record).await.map(Outcome::Accepted),
            Request::Update(record, version) => store.update(record, version).await.map(Outcome::Accepted),
        }
    };
    let begun = os::now();
    let (outcome, problem) = match tokio::time::timeout(timeout, asked).await {
        Ok(Ok(outcome)) => (outcome, None),
        // Two candidates met: that is how elections work, not a problem.
        Ok(Err(error)) => {
            let outcome = error.outcome();
            let expected = matches!(outcome, Outcome::Conflict | Outcome::AlreadyExists | Outcome::NotFound);
            (outcome, (!expected).then_some(error))
        }
        Err(_) => {
            store.reconnect();
            let message = format!("{}: no answer to {what} within {timeout:?}", store.describe());
            (Outcome::Unknown, Some(StoreError::unknown(message)))
        }
    };
    Ended { id, was_read, outcome, problem, took: os::now().since(begun) }
}

pub(super) async fn verify<S: Store>(
    store: &S,
    identity: Identity,
    reply: std::sync::mpsc::SyncSender<Result<bool, String>>,
    shared: &Shared,
) {
    let timeout = shared.timing().attempt_timeout();
    store.begin_attempt(timeout, false);
    let held = match tokio::time::timeout(timeout, store.verify()).await {
        Ok(Ok(found)) => Ok(found.is_some_and(|record| record.holder == Some(identity))),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => {
            store.reconnect();
            Err(format!("{}: no answer within {timeout:?}", store.describe()))
        }
    };
    answer(&reply, held);
}

/// Whoever asked may have stopped waiting; that is no concern of the election.
pub(super) fn answer(reply: &std::sync::mpsc::SyncSender<Result<bool, String>>, held: Result<bool, String>) {
    drop(reply.try_send(held));
}
