//! The smallest API server: answers requests in the order of a script and writes them down.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What to do with the next request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// A reply, after which the connection stays open.
    Reply(u16, String),
    /// These bytes, and the connection is closed.
    Raw(String),
    /// Nothing, until the client goes away.
    Hang,
    /// A stream of these pieces that stays open until the client goes away.
    Streaming(Vec<String>),
    /// A stream of these pieces that ends.
    Ended(Vec<String>),
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
    /// Counts the connections that were accepted.
    pub(super) connection: usize,
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    asked: Vec<Asked>,
    left: usize,
}

pub(super) struct FakeServer {
    port: u16,
    script: Arc<Mutex<Script>>,
}

impl FakeServer {
    pub(super) fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::start_with(answers, |tcp| tcp)
    }

    pub(super) fn start_tls(config: ServerConfig, answers: impl IntoIterator<Item = Answer>) -> Self {
        let config = Arc::new(config);
        Self::start_with(answers, move |tcp| {
            StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), tcp)
        })
    }

    fn start_with<S: Read + Write>(
        answers: impl IntoIterator<Item = Answer>,
        wrap: impl Fn(TcpStream) -> S + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let script =
            Arc::new(Mutex::new(Script { answers: answers.into_iter().collect(), ..Script::default() }));
        let (wrap, shared) = (Arc::new(wrap), Arc::clone(&script));
        thread::spawn(move || {
            for (connection, tcp) in listener.incoming().enumerate() {
                let (wrap, script) = (Arc::clone(&wrap), Arc::clone(&shared));
                thread::spawn(move || {
                    // A client that goes away in the middle is part of the tests.
                    drop(serve(wrap(tcp.unwrap()), connection, &script));
                    script.lock().unwrap().left += 1;
                });
            }
        });
        Self { port, script }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn then(&self, answer: Answer) {
        self.script.lock().unwrap().answers.push_back(answer);
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }

    pub(super) fn last(&self) -> Asked {
        self.asked().pop().expect("a request")
    }

    /// Waits until so many requests have arrived.
    pub(super) async fn until_asked(&self, requests: usize) {
        self.until(|script| script.asked.len() >= requests).await;
    }

    /// Waits until so many connections have been closed.
    pub(super) async fn until_left(&self, connections: usize) {
        self.until(|script| script.left >= connections).await;
    }

    async fn until(&self, reached: impl Fn(&Script) -> bool) {
        for _ in 0..10_000 {
            if reached(&self.script.lock().unwrap()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("did not happen within 10 s");
    }
}

fn serve<S: Read + Write>(stream: S, connection: usize, script: &Mutex<Script>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(asked) = read_request(&mut stream, connection)? {
        let answer = {
            let mut script = script.lock().unwrap();
            script.asked.push(asked);
            script.answers.pop_front().unwrap_or(Answer::Raw(String::new()))
        };
        match answer {
            Answer::Reply(status, body) => {
                let head = format!(
                    "HTTP/1.1 {status} Scripted\r\nContent-Type: application/json\r\nLocation: /elsewhere\r\n\
                     Retry-After: 0\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                send(&mut stream, &[head, body])?;
            }
            Answer::Raw(bytes) => return send(&mut stream, &[bytes]),
            Answer::Hang => return wait_for_end(&mut stream),
            Answer::Streaming(pieces) => {
                send(&mut stream, &chunked(pieces))?;
                return wait_for_end(&mut stream);
            }
            Answer::Ended(pieces) => {
                send(&mut stream, &chunked(pieces))?;
                send(&mut stream, &["0\r\n\r\n".to_owned()])?;
            }
        }
    }
    Ok(())
}

fn chunked(pieces: Vec<String>) -> Vec<String> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = pieces.into_iter().map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len()));
    std::iter::once(head.to_owned()).chain(chunks).collect()
}

fn send<S: Read + Write>(stream: &mut BufReader<S>, pieces: &[String]) -> std::io::Result<()> {
    for piece in pieces {
        stream.get_mut().write_all(piece.as_bytes())?;
        stream.get_mut().flush()?;
    }
    Ok(())
}

fn wait_for_end<S: Read>(stream: &mut BufReader<S>) -> std::io::Result<()> {
    std::io::copy(stream, &mut std::io::sink()).map(drop)
}

fn read_request<S: Read>(stream: &mut BufReader<S>, connection: usize) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let body = String::from_utf8(body).unwrap();
    Ok(Some(Asked { method, target, headers, body, connection }))
}
