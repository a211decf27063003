//! One connection: requests in, answers out, with the faults in force.

use std::io::Result;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::fault::{Answer, Effect, Fault, Network};
use super::http::{JSON, LAST_CHUNK, chunk, chunked_head, read_request, reply, send, until_left};
use super::leases::Said;
use super::request::{Request, Verb};

use super::watch;
use super::world::World;

/// What bytes travel on.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Serves a connection until it ends, or for ever where the network has swallowed it.
pub(super) async fn serve(tcp: TcpStream, number: usize, world: Arc<World>) {
    match world.network() {
        Network::Up => {}
        Network::BlackHole => std::future::pending().await,
        Network::Down => {
            world.left(number);
            return drop(tcp.set_zero_linger());
        }
    }
    let mut closed = world.closed_below.subscribe();
    let closed = async move { drop(closed.wait_for(|below| number < *below).await) };
    let _ = tcp.set_nodelay(true);
    let mut frozen = world.frozen.subscribe();
    let swallowed = async move { drop(frozen.wait_for(|frozen| frozen.contains(&number)).await) };
    let mut served = Box::pin(async {
        // A client that goes away in the middle is part of the tests.
        match world.certificate() {
            None => Connection::new(tcp, number, &world).run().await,
            Some(config) => {
                let stream = TlsAcceptor::from(config).accept(tcp).await?;
                Connection::new(stream, number, &world).run().await
            }
        }
    });
    tokio::select! {
        _ = &mut served => world.left(number),
        () = closed => world.left(number),
        // From here on it is held, and neither read nor written.
        () = swallowed => std::future::pending().await,
    }
}

/// What comes after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Next,
    Close,
}

struct Connection<'a, S> {
    stream: BufReader<S>,
    number: usize,
    world: &'a Arc<World>,
    /// The answer to the request before, which is sent instead of the right one.
    shifted: Option<String>,
}

impl<'a, S: Socket> Connection<'a, S> {
    fn new(stream: S, number: usize, world: &'a Arc<World>) -> Self {
        Self { stream: BufReader::new(stream), number, world, shifted: None }
    }

    async fn run(mut self) -> Result<()> {
        while let Some(request) = read_request(&mut self.stream, self.number).await? {
            let index = self.world.note(&request);
            let fault = self.world.fault_for(index, &request);
            if self.answer(index, &request, fault).await? == Then::Close {
                self.stream.get_mut().shutdown().await?;
                return Ok(());
            }
        }
        Ok(())
    }

    async fn answer(&mut self, index: usize, request: &Request, fault: Fault) -> Result<Then> {
        if request.verb() == Verb::Watch && fault.answer.is_of_what_was_asked() {
            if let Answer::Late(by) = fault.answer {
                sleep(by).await;
            }
            return watch::stream(&mut self.stream, self.world, request).await.map(|()| Then::Next);
        }
        let said = self.take_effect(index, request, fault.effect);
        match fault.answer {
            Answer::Right => self.say(index, said.await).await,
            Answer::Late(by) => {
                sleep(by).await;
                self.say(index, said.await).await
            }
            Answer::Slow(pause) => self.say_slowly(index, &said.await, pause).await,
            Answer::Last => self.say(index, said.await).await.map(|_| Then::Close),
            Answer::Half => {
                let whole = rendered(&said.await);
                let (head, body) = whole.split_once("\r\n\r\n").unwrap_or_default();
                let half: String = body.chars().take(body.chars().count() / 2).collect();
                send(&mut self.stream, &format!("{head}\r\n\r\n{half}")).await?;
                Ok(Then::Close)
            }
            Answer::Edited(edit) => {
                let mut said = said.await;
                let version = said.body["metadata"].clone();
                edit(&mut said.body);
                let tells = |field: &str| said.body["metadata"][field] == version[field];
                let is_one = said.body["kind"] == "Lease" && tells("uid") && tells("resourceVersion");
                send(&mut self.stream, &rendered(&said)).await?;
                if is_one {
                    self.world.answered(index, said.status);
                }
                Ok(Then::Next)
            }
            Answer::Labelled(content_type) => {
                let said = said.await;
                let reply = reply(said.status, content_type, "", &said.body.to_string());
                send(&mut self.stream, &reply).await?;
                self.world.answered(index, said.status);
                Ok(Then::Next)
            }
            Answer::Repeated => {
                let said = said.await;
                self.shifted = Some(rendered(&said));
                send(&mut self.stream, &rendered(&said)).await?;
                self.world.answered(index, said.status);
                Ok(Then::Next)
            }
            Answer::Stale => {
                let body = self.world.previous(request).unwrap_or(said.await.body);
                self.say(index, Said { status: 200, body, made: None }).await
            }
            Answer::Reply(status, more, body) => {
                send(&mut self.stream, &reply(status, JSON, more, &body)).await?;
                self.world.answered(index, status);
                Ok(Then::Next)
            }
            Answer::Raw(bytes) => {
                send(&mut self.stream, &bytes).await?;
                Ok(Then::Close)
            }
            Answer::Reset => {
                self.stream.get_ref().tcp().set_zero_linger()?;
                Err(std::io::ErrorKind::ConnectionReset.into())
            }
            Answer::Hang => {
                until_left(&mut self.stream).await?;
                Ok(Then::Close)
            }
            Answer::Huge(bytes) => self.say_much(index, bytes).await,
            Answer::Streaming(pieces) => {
                self.say_pieces(&pieces).await?;
                until_left(&mut self.stream).await?;
                Ok(Then::Close)
            }
            Answer::Ended(pieces) => {
                self.say_pieces(&pieces).await?;
                send(&mut self.stream, LAST_CHUNK).await?;
                Ok(Then::Next)
            }
        }
    }

    /// What the server says once the request has taken effect, which does not wait for anybody to
    /// listen.
    fn take_effect(
        &self,
        index: usize,
        request: &Request,
        effect: Effect,
    ) -> impl Future<Output = Said> + use<S> {
        let (tell, told) = oneshot::channel();
        match effect {
            Effect::Never => {}
            Effect::Now => drop(tell.send(self.world.carry_out(index, request))),
            Effect::Twice => {
                self.world.carry_out(index, request);
                drop(tell.send(self.world.carry_out(index, request)));
            }
            Effect::After(delay) => {
                let (world, request) = (Arc::clone(self.world), request.clone());
                tokio::spawn(async move {
                    sleep(delay).await;
                    drop(tell.send(world.carry_out(index, &request)));
                });
            }
        }
        async move {
            match told.await {
                Ok(said) => said,
                // It never takes effect: there is nothing to say.
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// The right answer, unless this connection is one behind.
    async fn say(&mut self, index: usize, said: Said) -> Result<Then> {
        let right = rendered(&said);
        match self.shifted.replace(right.clone()) {
            Some(before) => send(&mut self.stream, &before).await?,
            None => {
                self.shifted = None;
                send(&mut self.stream, &right).await?;
                self.world.answered(index, said.status);
            }
        }
        Ok(Then::Next)
    }

    async fn say_slowly(&mut self, index: usize, said: &Said, pause: Duration) -> Result<Then> {
        for byte in rendered(said).bytes() {
            self.stream.get_mut().write_all(&[byte]).await?;
            self.stream.get_mut().flush().await?;
            sleep(pause).await;
        }
        self.world.answered(index, said.status);
        Ok(Then::Next)
    }

    async fn say_much(&mut self, index: usize, bytes: u64) -> Result<Then> {
        const PIECE: &str = "                                                                ";
        let piece = PIECE.repeat(1024);
        let length = u64::try_from(piece.len()).unwrap();
        send(&mut self.stream, &chunked_head()).await?;
        for _ in 0..bytes / length {
            send(&mut self.stream, &chunk(&piece)).await?;
            self.world.sent(index, length);
        }
        send(&mut self.stream, LAST_CHUNK).await?;
        Ok(Then::Next)
    }

    async fn say_pieces(&mut self, pieces: &[String]) -> Result<()> {
        send(&mut self.stream, &chunked_head()).await?;
        for piece in pieces {
            send(&mut self.stream, &chunk(piece)).await?;
        }
        Ok(())
    }
}

fn rendered(said: &Said) -> String {
    reply(said.status, JSON, "", &said.body.to_string())
}

/// An event of a watch.
pub(super) fn event(kind: &str, object: &Value) -> String {
    format!("{}\n", serde_json::json!({"type": kind, "object": object}))
}
