//! Whom we trust.

use std::net::TcpListener;

use super::*;
use crate::store::{Store, StoreErrorKind};

fn server_of(authority: &Authority, host: &str, answers: impl IntoIterator<Item = Answer>) -> ApiServer {
    ApiServer::scripted_tls(&authority.certificate(host), answers)
}

#[tokio::test]
async fn the_ca_beside_the_token_vouches_for_the_server() {
    let authority = Authority::new();
    let account = ServiceAccount::trusting(&authority);
    let server = server_of(&authority, "127.0.0.1", [found(5)]);
    let store = account.place(server.port()).open(&patient(), &ApiServers::default()).unwrap();
    assert_eq!(store.read().await.unwrap().unwrap().1, version(5));
    assert_eq!(server.last().headers["authorization"], "Bearer first-token");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_sent_nothing() {
    let (trusted, other) = (Authority::new(), Authority::new());
    for (authority, host, part) in
        [(&other, "127.0.0.1", "invalid peer certificate"), (&trusted, "127.0.0.2", "not valid for name")]
    {
        let account = ServiceAccount::trusting(&trusted);
        let server = server_of(authority, host, []);
        let store = account.place(server.port()).open(&patient(), &ApiServers::default()).unwrap();
        for asked in 0..2 {
            let error = store.create(&ours()).await.unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Refused, "{asked}: {error}");
            let ca = account.file("ca.crt");
            assert_parts(
                &error.message,
                &["cannot create Lease team/jobs", part, ca.to_str().unwrap(), "for 127.0.0.1 "],
            );
        }
        let watch = store.watch().await.unwrap_err();
        assert_eq!(watch.kind, StoreErrorKind::Refused);
        assert!(server.asked().is_empty());
    }
}

#[tokio::test]
async fn a_rotated_ca_counts_at_once() {
    let (old, new) = (Authority::new(), Authority::new());
    let account = ServiceAccount::trusting(&old);
    let server = server_of(&new, "127.0.0.1", [found(5)]);
    let store = account.place(server.port()).open(&patient(), &ApiServers::default()).unwrap();
    assert_eq!(store.read().await.unwrap_err().kind, StoreErrorKind::Refused);
    account.write("ca.crt", "half a cert");
    let error = store.read().await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Refused);
    account.write("ca.crt", &format!("{}{}", old.pem(), new.pem()));
    assert_eq!(store.read().await.unwrap().unwrap().1, version(5));
}

#[tokio::test]
async fn g4_a_server_that_never_becomes_safe_was_sent_nothing() {
    let account = ServiceAccount::new();
    // No TLS at all.
    let plain = ApiServer::scripted([Answer::Raw("HTTP/1.1 400 Bad Request\r\n\r\n".to_owned())]);
    let store = account.place(plain.port()).open(&patient(), &ApiServers::default()).unwrap();
    assert_eq!(store.create(&ours()).await.unwrap_err().kind, StoreErrorKind::Refused);
    // Accepts, and is silent: given up shortly before the attempt's own time is over.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let store =
        account.place(silent.local_addr().unwrap().port()).open(&quick(), &ApiServers::default()).unwrap();
    let error = tokio::time::timeout(quick().attempt_timeout() * 20, async { store.create(&ours()).await })
        .await
        .expect("given up by itself")
        .unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Refused, "{error}");
}
