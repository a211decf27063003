//! HTTP/1.1, as far as one well-known client speaks it.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::request::Request;
use crate::clock::boottime;

/// The next request, or nothing where the client has gone.
pub(super) async fn read_request<S: AsyncRead + Unpin>(
    stream: &mut BufReader<S>,
    connection: usize,
) -> Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(Error::new(ErrorKind::InvalidData, "no request line"));
    };
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let body = String::from_utf8(body).map_err(Error::other)?;
    Ok(Some(Request { method, target, headers, body, connection, at: boottime() }))
}

/// A whole reply. `more` are further lines of the head, each ended by a line break.
pub(super) fn reply(status: u16, content_type: &str, more: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Scripted\r\nContent-Type: {content_type}\r\n{more}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(super) const JSON: &str = "application/json";

/// The head of a reply that comes in pieces.
pub(super) fn chunked_head() -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n")
}

pub(super) fn chunk(piece: &str) -> String {
    format!("{:x}\r\n{piece}\r\n", piece.len())
}

pub(super) const LAST_CHUNK: &str = "0\r\n\r\n";

pub(super) async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    bytes: &str,
) -> Result<()> {
    stream.get_mut().write_all(bytes.as_bytes()).await?;
    stream.get_mut().flush().await
}

/// Until the client has gone.
pub(super) async fn until_left<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Result<()> {
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}
