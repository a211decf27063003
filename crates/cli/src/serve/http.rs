//! Connections: bounded in number, in time and in what they may send.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::answers::{Answer, Book};

/// More are not open at a time: the one that has waited longest is closed for a new one.
const MOST_CONNECTIONS: usize = 512;
/// Whoever sends slowly has this long for the head of a request, and as long between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Whoever does not read what was answered is let go after that.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// A request of more is none of ours.
const LONGEST_HEAD: usize = 16 << 10;
const MOST_HEADERS: usize = 64;

/// A connection, as the others see it.
struct Guest {
    last_answered: Cell<Instant>,
    leave: Notify,
}

/// The connections that are open.
#[derive(Default)]
struct Guests {
    open: RefCell<BTreeMap<u64, Rc<Guest>>>,
    next: Cell<u64>,
}

impl Guests {
    fn welcome(&self) -> (u64, Rc<Guest>) {
        if self.open.borrow().len() >= MOST_CONNECTIONS {
            self.show_out_the_oldest();
        }
        let number = self.next.get();
        self.next.set(number + 1);
        let guest = Rc::new(Guest { last_answered: Cell::new(Instant::now()), leave: Notify::new() });
        self.open.borrow_mut().insert(number, Rc::clone(&guest));
        (number, guest)
    }

    fn show_out_the_oldest(&self) {
        let mut open = self.open.borrow_mut();
        let oldest =
            open.iter().min_by_key(|(_, guest)| guest.last_answered.get()).map(|(number, _)| *number);
        if let Some(guest) = oldest.and_then(|number| open.remove(&number)) {
            guest.leave.notify_one();
        }
    }
}

/// Answers on this listener for ever. Must be called within a [`tokio::task::LocalSet`].
pub(super) async fn answer(listener: TcpListener, book: Rc<Book>) -> Infallible {
    let guests = Rc::new(Guests::default());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (number, guest) = guests.welcome();
                let (guests, book) = (Rc::clone(&guests), Rc::clone(&book));
                tokio::task::spawn_local(async move {
                    attend(stream, &guest, &book).await;
                    guests.open.borrow_mut().remove(&number);
                });
            }
            // No descriptor left, most likely: somebody has to go.
            Err(error) => {
                tracing::debug!("a connection was not accepted: {error}");
                guests.show_out_the_oldest();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

async fn attend(stream: TcpStream, guest: &Rc<Guest>, book: &Rc<Book>) {
    // Without it answers would only be slower.
    drop(stream.set_nodelay(true));
    let service = service_fn(|request: Request<Incoming>| {
        guest.last_answered.set(Instant::now());
        let answered = response(book.answer(request.method(), request.uri().path()));
        async move { Ok::<_, Infallible>(answered) }
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(LONGEST_HEAD)
            .max_headers(MOST_HEADERS)
            .serve_connection(TokioIo::new(stream), service)
    );
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!("a connection ended: {error}");
                }
                return;
            }
            () = guest.leave.notified() => return,
            () = tokio::time::sleep_until(guest.last_answered.get() + IDLE_TIMEOUT) => {
                if guest.last_answered.get().elapsed() >= IDLE_TIMEOUT {
                    return;
                }
            }
        }
    }
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if answer.status == http::StatusCode::METHOD_NOT_ALLOWED {
        // It may have a body, which nobody reads.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
