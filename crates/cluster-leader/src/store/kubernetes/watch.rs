//! A watch on Leases.

use std::io;
use std::rc::Rc;

use futures_util::future::ready;
use futures_util::stream::{self, LocalBoxStream};
use futures_util::{Stream, StreamExt, TryStreamExt};
use http_body_util::BodyExt;
use k8s_openapi::api::coordination::v1::Lease;
use kube::client::Body;
use kube::core::WatchEvent;
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::io::StreamReader;

use super::connection::{Composed, Connection, LONGEST_REPLY};
use super::failure::{Answer, Failure, chain};

/// A watch, from being opened to its end.
pub(super) type Watch = LocalBoxStream<'static, Result<Shown, Failure>>;

/// What a watch shows.
pub(super) enum Shown {
    /// The reply's head arrived: the server shows every change from here on.
    Opened,
    Present(Lease),
    Deleted(Lease),
    /// Every change up to this version has been shown.
    Bookmark(u64),
    /// There is nothing to show, but the watch is alive.
    Alive,
}

/// For how many seconds a watch is asked for: from 300 to 555, so that those of many candidates do not
/// end at once.
pub(super) const fn seconds(seed: u64) -> u32 {
    let [spread, ..] = seed.to_ne_bytes();
    300 + spread as u32
}

/// The stream has come to its end.
pub(super) fn ended() -> Failure {
    Failure::Lost("the server ended the watch, as it does after some minutes".to_owned())
}

/// Opens a watch once it is polled.
pub(super) fn open(connection: Rc<Connection>, request: Composed) -> Watch {
    stream::once(async move { connection.send(request).await })
        .map_ok(|reply| {
            let events = lines(reply.into_body()).map(|line| shown(&line?));
            stream::once(ready(Ok(Shown::Opened))).chain(events)
        })
        .try_flatten()
        .boxed_local()
}

/// The lines of a watch, each of them an event.
pub(super) fn lines(body: Body) -> impl Stream<Item = Result<String, Failure>> {
    let reader = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
    FramedRead::new(reader, LinesCodec::new_with_max_length(LONGEST_REPLY)).map_err(|error| match error {
        LinesCodecError::Io(error) => Failure::Lost(format!("the watch broke: {}", chain(&error))),
        error => Failure::Lost(format!("the watch broke: {error}")),
    })
}

fn shown(line: &str) -> Result<Shown, Failure> {
    let no_event = |why: &dyn std::fmt::Display| {
        Failure::Lost(format!("the watch sent what is no event of a Lease: {why}"))
    };
    match serde_json::from_str::<WatchEvent<Lease>>(line).map_err(|error| no_event(&error))? {
        WatchEvent::Added(lease) | WatchEvent::Modified(lease) => Ok(Shown::Present(lease)),
        WatchEvent::Deleted(lease) => Ok(Shown::Deleted(lease)),
        WatchEvent::Bookmark(bookmark) => {
            let version = bookmark.metadata.resource_version;
            let number =
                version.parse().map_err(|_| no_event(&format!("a bookmark of version {version:?}")))?;
            Ok(Shown::Bookmark(number))
        }
        WatchEvent::Error(said) => Err(match Answer::of_event(&said) {
            Some(answer) => Failure::Answered(answer),
            None => Failure::Lost(format!("the watch reported an error: {}", said.message)),
        }),
    }
}

/// From which version on a watch must show changes, so that none is missed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resume {
    from: Option<u64>,
    /// The server has forgotten what happened after this version.
    forgotten: u64,
}

impl Resume {
    /// The Lease is known as of this version.
    pub(super) fn note(&mut self, version: u64) {
        if version > self.forgotten {
            self.from = self.from.max(Some(version));
        }
    }

    /// The server refused to go on from where we were. A Lease that has not changed since then is
    /// no place to go on from either.
    pub(super) fn forget(&mut self) {
        self.forgotten = self.from.take().unwrap_or(self.forgotten);
    }

    /// As the server wants it: empty means "show what is, then what changes".
    pub(super) fn resource_version(self) -> String {
        self.from.map(|version| version.to_string()).unwrap_or_default()
    }
}
