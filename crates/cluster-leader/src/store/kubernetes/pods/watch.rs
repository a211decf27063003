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
use crate::identity;

/// A pod that is watched while somebody waits for it to change.
pub(super) struct PodWatch {
    namespace: String,
    pod: String,
    shown: watch::Receiver<Option<Pod>>,
    /// Whoever waits drives the watch for all who do.
    driving: Shared<LocalBoxFuture<'static, Infallible>>,
}

impl PodWatch {
    /// Nothing is sent before somebody waits.
    pub(super) fn new(
        connection: Rc<Connection>,
        place: &KubernetesPlace,
        pod: &str,
        told_of_refusal: Rc<Cell<bool>>,
    ) -> Self {
        let (show, shown) = watch::channel(None);
        let stream = Stream {
            connection,
            place: place.clone(),
            requests: Request::new(Pod::url_path(&(), Some(&place.namespace))),
            params: WatchParams::default().fields(&format!("metadata.name={pod}")).timeout(Stream::LASTS),
            show,
            resume: None,
            told_of_refusal,
        };
        let driving = stream.keep_open().boxed_local().shared();
        Self { namespace: place.namespace.clone(), pod: pod.to_owned(), shown, driving }
    }

    pub(super) fn is_of(&self, namespace: &str, pod: &str) -> bool {
        self.namespace == namespace && self.pod == pod
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

struct Stream {
    connection: Rc<Connection>,
    place: KubernetesPlace,
    requests: Request,
    params: WatchParams,
    show: watch::Sender<Option<Pod>>,
    /// Every change up to this version has been shown.
    resume: Option<String>,
    told_of_refusal: Rc<Cell<bool>>,
}

impl Stream {
    /// Seconds. Pods change seldom.
    const LASTS: u32 = 1200;
    /// Many follow one leader, and in a bad hour leaders change fast.
    const BEFORE_OPENING: Duration = Duration::from_millis(250);
    const LONGEST_OPENING: Duration = Duration::from_secs(10);
    /// A healthy watch shows a bookmark every minute or so.
    const LONGEST_SILENCE: Duration = Duration::from_secs(180);
    const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
    const LONGEST_PAUSE: Duration = Duration::from_secs(30);

    async fn keep_open(mut self) -> Infallible {
        sleep(spread(Self::BEFORE_OPENING)).await;
        let mut pause = Self::SHORTEST_PAUSE;
        loop {
            let begun = Instant::now();
            let failure = self.watch().await;
            self.tell(&failure);
            // One that had lasted is opened again soon, one that cannot be opened less and less often.
            if begun.elapsed() >= Self::LONGEST_PAUSE {
                pause = Self::SHORTEST_PAUSE;
            }
            sleep(spread(pause)).await;
            pause = (pause * 2).min(Self::LONGEST_PAUSE);
        }
    }

    /// Watches until the watch ends. Returns why it did.
    async fn watch(&mut self) -> Failure {
        let Err(failure) = self.try_to_watch().await;
        // What it refuses may be to go on from where we were.
        if matches!(failure, Failure::Answered(_)) {
            self.resume = None;
        }
        failure
    }

    async fn try_to_watch(&mut self) -> Result<Infallible, Failure> {
        let from = self.resume.clone().unwrap_or_default();
        let request = self.connection.send(self.requests.watch(&self.params, &from));
        let reply =
            timeout(Self::LONGEST_OPENING, request).await.map_err(|_| no_sign(Self::LONGEST_OPENING))??;
        self.told_of_refusal.set(false);
        let mut events = lines(reply.into_body()).map(|line| event(&line?)).boxed_local();
        loop {
            let event = timeout(Self::LONGEST_SILENCE, events.try_next());
            match event.await.map_err(|_| no_sign(Self::LONGEST_SILENCE))?? {
                Some(event) => self.show(event)?,
                None => return Err(Failure::Lost("the server ended the watch".to_owned())),
            }
        }
    }

    fn show(&mut self, event: WatchEvent<Pod>) -> Result<(), Failure> {
        match event {
            WatchEvent::Added(pod) | WatchEvent::Modified(pod) | WatchEvent::Deleted(pod) => {
                self.resume.clone_from(&pod.metadata.resource_version);
                self.show.send_replace(Some(pod));
            }
            WatchEvent::Bookmark(bookmark) => self.resume = Some(bookmark.metadata.resource_version),
            WatchEvent::Error(said) => {
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

fn no_sign(within: Duration) -> Failure {
    Failure::Lost(format!("no sign of life within {within:?}"))
}

/// So long, and up to so long again, lest many do the same at one time.
fn spread(pause: Duration) -> Duration {
    let [random, ..] = identity::seed().unwrap_or_default().to_ne_bytes();
    pause + pause * u32::from(random) / 255
}
