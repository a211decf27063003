//! Proof of death by what Kubernetes reports of a pod: a leader whose container has ended need not
//! be waited for.
//!
//! | file | what |
//! |---|---|
//! | `proof.rs` | what proves a death, and what does not |
//! | `termination_log.rs` | a process leaves what will prove its own |
//! | `watch.rs` | the pod of whoever leads, as it changes |

mod proof;
mod termination_log;
#[cfg(test)]
mod tests;
mod watch;

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicBool, Ordering};

use election::Identity;

use self::proof::proves_death;
use self::watch::PodWatch;
use super::connection::Connection;
use super::place::KubernetesPlace;

/// The pods of those who lead, each watched once for all who wait for proof.
pub(super) struct Pods {
    connection: Rc<Connection>,
    watched: RefCell<Vec<Weak<PodWatch>>>,
    told_of_refusal: Rc<Cell<bool>>,
}

impl Pods {
    pub(super) fn new(connection: Rc<Connection>) -> Self {
        Self { connection, watched: RefCell::default(), told_of_refusal: Rc::default() }
    }

    /// Completes once a status of its pod proves that `holder` has ended.
    pub(super) async fn death_of(&self, holder: &Identity, place: &KubernetesPlace) {
        let pod = holder.shown_name();
        // Whoever calls itself otherwise than its pod leaves no proof that we could find.
        if !is_name(pod) {
            return pending().await;
        }
        self.watch_on(pod, place).until(|pod| proves_death(pod, holder)).await;
    }

    fn watch_on(&self, pod: &str, place: &KubernetesPlace) -> Rc<PodWatch> {
        let mut watched = self.watched.borrow_mut();
        watched.retain(|watch| watch.strong_count() > 0);
        let known = watched.iter().filter_map(Weak::upgrade).find(|watch| watch.is_of(&place.namespace, pod));
        known.unwrap_or_else(|| {
            let (connection, told) = (Rc::clone(&self.connection), Rc::clone(&self.told_of_refusal));
            let watch = Rc::new(PodWatch::new(connection, place, pod, told));
            watched.push(Rc::downgrade(&watch));
            watch
        })
    }
}

/// Leaves what will prove, once this container has ended, that `identity` has. Where that cannot be
/// done, one warning says so: others then wait for the lease to run out, as without.
pub(super) fn leave_proof(identity: &Identity, place: &KubernetesPlace) {
    static TOLD: AtomicBool = AtomicBool::new(false);
    let Some(file) = &place.termination_log else { return };
    let Err(problem) = termination_log::append(file, identity) else { return };
    if TOLD.swap(true, Ordering::Relaxed) {
        tracing::debug!("{problem}");
    } else {
        tracing::warn!("{problem}. Should this process die, others wait for its lease to run out");
    }
}

/// Whether a pod may be called this: a selector is made of it.
fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}
