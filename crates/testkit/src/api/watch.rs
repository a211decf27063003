//! A watch, and how it misleads.

use std::io::{ErrorKind, Result};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep, sleep_until};

use super::connection::{Socket, event};
use super::fault::Showing;
use super::http::{LAST_CHUNK, chunk, chunked_head, send};
use super::leases::{Change, refusal};
use super::request::Request;
use super::world::{Interruption, World};
use crate::clock::boottime;

/// Which Leases are watched.
struct Chosen {
    namespace: String,
    name: Option<String>,
    label: Option<(String, String)>,
}

impl Chosen {
    fn by(request: &Request) -> Self {
        let namespace = request.path().split('/').nth(5).unwrap_or_default().to_owned();
        let selector = |name| Some(request.query(name)?.replace("%3D", "=").replace("%2F", "/"));
        let name =
            selector("fieldSelector").and_then(|text| text.strip_prefix("metadata.name=").map(str::to_owned));
        let label = selector("labelSelector")
            .map(|text| text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())).unwrap());
        Self { namespace, name, label }
    }

    fn contains(&self, lease: &Value) -> bool {
        self.name.as_deref().is_none_or(|name| lease["metadata"]["name"] == name)
            && self.label.as_ref().is_none_or(|(key, value)| lease["metadata"]["labels"][key] == **value)
    }

    /// The change as this watch shows it, if it does: a Lease that leaves the selection is shown as
    /// deleted, as it was before, and one that enters it as added.
    fn shown(&self, change: Change) -> Option<Change> {
        if change.namespace != self.namespace {
            return None;
        }
        let before = change.before.as_ref().filter(|before| self.contains(before));
        let is = change.kind != "DELETED" && self.contains(&change.object);
        match (before, is) {
            (None, false) => None,
            (None, true) => Some(Change { kind: "ADDED", ..change }),
            (Some(_), true) => Some(Change { kind: "MODIFIED", ..change }),
            (Some(before), false) => {
                let mut object = before.clone();
                object["metadata"]["resourceVersion"] = json!(change.revision.to_string());
                Some(Change { kind: "DELETED", object, ..change })
            }
        }
    }
}

/// A watch as it is being served.
struct Stream<'a, S> {
    socket: &'a mut BufReader<S>,
    world: &'a Arc<World>,
    client: &'a str,
    chosen: Chosen,
    /// Every change up to this revision has been shown, or withheld.
    shown: u64,
    /// What was shown last.
    last: Option<Value>,
    /// Every second change is withheld.
    withhold: bool,
}

/// Streams changes until the request's time is over, or the client or a fault ends it.
pub(super) async fn stream<S: Socket>(
    socket: &mut BufReader<S>,
    world: &Arc<World>,
    request: &Request,
) -> Result<()> {
    let from = request.query("resourceVersion").and_then(|version| version.parse().ok());
    let mut stream = Stream {
        socket,
        world,
        client: request.client(),
        chosen: Chosen::by(request),
        shown: from.unwrap_or(0),
        last: None,
        withhold: false,
    };
    send(stream.socket, &chunked_head()).await?;
    let seconds = request.query("timeoutSeconds").and_then(|seconds| seconds.parse().ok()).unwrap_or(1800);
    let ends = Instant::now() + Duration::from_secs(seconds);
    let bookmarks = request.query("allowWatchBookmarks") == Some("true");
    stream.run(from.is_none(), ends, bookmarks).await?;
    send(stream.socket, LAST_CHUNK).await
}

impl<S: Socket> Stream<'_, S> {
    async fn run(&mut self, from_now: bool, ends: Instant, bookmarks: bool) -> Result<()> {
        let mut news = self.world.news.subscribe();
        let mut interruptions = self.world.interruptions.subscribe();
        if from_now {
            let (present, revision) = self.world.all(&self.chosen.namespace);
            for lease in present {
                if self.chosen.contains(&lease) {
                    self.send(&event("ADDED", &lease)).await?;
                }
            }
            self.shown = revision;
        }
        let mut bookmark = Instant::now() + self.world.bookmarks_every();
        loop {
            match self.world.after(self.shown) {
                Err(forgotten) => {
                    let status = refusal(410, "Expired", &forgotten).body;
                    return self.send(&event("ERROR", &status)).await;
                }
                Ok(Some(change)) => {
                    self.shown = change.revision;
                    if let Some(change) = self.chosen.shown(change) {
                        self.show(&change).await?;
                    }
                    continue;
                }
                Ok(None) => {}
            }
            tokio::select! {
                changed = news.changed() => if changed.is_err() { return Ok(()) },
                () = sleep_until(ends) => return Ok(()),
                () = sleep_until(bookmark), if bookmarks => {
                    if self.world.showing(self.client) != Showing::Nothing {
                        self.bookmark().await?;
                    }
                    bookmark = Instant::now() + self.world.bookmarks_every();
                }
                interruption = interruptions.recv() => match interruption {
                    Ok(Interruption { client, .. }) if client.as_deref().is_some_and(|it| it != self.client) => {}
                    Ok(Interruption { text: Some(text), .. }) => self.send(&text).await?,
                    Ok(Interruption { text: None, .. }) => return Ok(()),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Ok(()),
                },
                gone = self.socket.fill_buf() => {
                    gone?;
                    return Err(ErrorKind::ConnectionAborted.into());
                }
            }
        }
    }

    async fn show(&mut self, change: &Change) -> Result<()> {
        let showing = self.world.showing(self.client);
        match showing {
            Showing::Everything => {}
            Showing::Nothing => return Ok(()),
            Showing::EverySecond => {
                self.withhold = !self.withhold;
                if self.withhold {
                    return Ok(());
                }
            }
            Showing::Late(by) => sleep((change.at + by).saturating_sub(boottime())).await,
            Showing::OldAfterNew => {}
        }
        self.send(&event(change.kind, &change.object)).await?;
        let before = self.last.replace(change.object.clone());
        if let (Showing::OldAfterNew, Some(before)) = (showing, before) {
            self.send(&event("MODIFIED", &before)).await?;
        }
        Ok(())
    }

    async fn bookmark(&mut self) -> Result<()> {
        let revision = self.world.revision();
        if self.world.after(self.shown).is_ok_and(|next| next.is_none()) {
            self.shown = revision;
        }
        let object = json!({
            "kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "spec": {},
            "metadata": {"resourceVersion": self.shown.to_string(), "creationTimestamp": null},
        });
        self.send(&event("BOOKMARK", &object)).await
    }

    async fn send(&mut self, text: &str) -> Result<()> {
        send(self.socket, &chunk(text)).await
    }
}
