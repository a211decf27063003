//! The pod of whoever leads, as it changes.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{FutureExt, LocalBoxFuture, Shared};
use futures_util::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::Resource;
use kube::api::WatchParams;
use kube::core::{Request, WatchEvent};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::super::connection::Connection;
use super::super::failure::{Answer, Failure, Verb};
use super::super::place::KubernetesPlace;
use super::super::watch::lines;

/// How long the opening of a watch may take.
const OPENING: Duration = Duration::from_secs(10);
/// A healthy watch shows a bookmark every minute or so.
const LONGEST_SILENCE: Duration = Duration::from_secs(180);
/// For how long we ask for a watch: pods change seldom.
const SHORTEST_WATCH: u32 = 1200;
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A pod that is watched for as long as this value lives and is waited on.
pub(super) struct PodWatch {
    shown: watch::Receiver<Option<Pod>>,
    /// Whoever waits drives the watch for all who do.
    driving: Shared<LocalBoxFuture<'static, Infallible>>,
}

impl PodWatch {
    pub(super) fn open(
        connection: Rc<Connection>,
        place: &KubernetesPlace,
        pod: &str,
        told_of_refusal: Rc<Cell<bool>>,
    ) -> Self {
        let (show, shown) = watch::channel(None);
        let pod = Following {
            connection,
            place: place.clone(),
            requests: Request::new(Pod::url_path(&(), Some(&place.namespace))),
            params: WatchParams::default().fields(&format!("metadata.name={pod}")).timeout(SHORTEST_WATCH),
            show,
            resume: None,
            told_of_refusal,
        };
        Self { shown, driving: pod.follow().boxed_local().shared() }
    }

    /// Waits until the pod is as wanted, or was when it was deleted.
    pub(super) async fn until(&self, is_wanted: impl Fn(&Pod) -> bool) {
        let mut shown = self.shown.clone();
        tokio::select! {
            Ok(_) = shown.wait_for(|pod| pod.as_ref().is_some_and(&is_wanted)) => {}
            never = self.driving.clone() => match never {},
        }
    }
}

struct Following {
    connection: Rc<Connection>,
    place: KubernetesPlace,
    requests: Request,
    params: WatchParams,
    show: watch::Sender<Option<Pod>>,
    /// Every change up to this version has been shown.
    resume: Option<String>,
    told_of_refusal: Rc<Cell<bool>>,
}

impl Following {
    async fn follow(mut self) -> Infallible {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let begun = Instant::now();
            let failure = self.watch().await;
            self.tell(&failure);
            // One that had lasted is opened again soon, one that cannot be opened less and less often.
            if begun.elapsed() >= LONGEST_PAUSE {
                pause = SHORTEST_PAUSE;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Watches until the watch ends. Returns why it did.
    async fn watch(&mut self) -> Failure {
        let from = self.resume.clone().unwrap_or_default();
        let request = self.requests.watch(&self.params, &from);
        let body = match timeout(OPENING, self.connection.send(request)).await {
            Ok(Ok(reply)) => reply.into_body(),
            Ok(Err(failure)) => {
                // Perhaps the server has forgotten where we were: from what is now on, the next time.
                if matches!(failure, Failure::Answered(_)) {
                    self.resume = None;
                }
                return failure;
            }
            Err(_) => {
                self.connection.reconnect();
                return Failure::Lost(format!("no answer within {OPENING:?}"));
            }
        };
        self.told_of_refusal.set(false);
        let mut events = lines(body).map(|line| event(&line?)).boxed_local();
        loop {
            match timeout(LONGEST_SILENCE, events.try_next()).await {
                Ok(Ok(Some(event))) => {
                    if let Err(failure) = self.shown(event) {
                        return failure;
                    }
                }
                Ok(Ok(None)) => return Failure::Lost("the server ended the watch".to_owned()),
                Ok(Err(failure)) => return failure,
                Err(_) => return Failure::Lost(format!("nothing was shown for {LONGEST_SILENCE:?}")),
            }
        }
    }

    fn shown(&mut self, event: WatchEvent<Pod>) -> Result<(), Failure> {
        match event {
            WatchEvent::Added(pod) | WatchEvent::Modified(pod) | WatchEvent::Deleted(pod) => {
                self.resume.clone_from(&pod.metadata.resource_version);
                self.show.send_replace(Some(pod));
            }
            WatchEvent::Bookmark(bookmark) => self.resume = Some(bookmark.metadata.resource_version),
            WatchEvent::Error(said) => {
                self.resume = None;
                return Err(match Answer::of_event(&said) {
                    Some(answer) => Failure::Answered(answer),
                    None => Failure::Lost(format!("the watch reported an error: {}", said.message)),
                });
            }
        }
        Ok(())
    }

    fn tell(&self, failure: &Failure) {
        let problem = failure.explain(Verb::WatchPods, &self.place);
        if failure.is_forbidden() && !self.told_of_refusal.replace(true) {
            tracing::warn!("{problem}\nUntil then the lease of a leader that died is waited out");
        } else {
            tracing::debug!("{problem}");
        }
    }
}

fn event(line: &str) -> Result<WatchEvent<Pod>, Failure> {
    serde_json::from_str(line)
        .map_err(|error| Failure::Lost(format!("the watch sent what is no event of a pod: {error}")))
}
