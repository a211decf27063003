//! Requests to the API server and their replies.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::time::Duration;

use election::Instant;
use futures_util::FutureExt;
use http::header::{AUTHORIZATION, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use k8s_openapi::api::coordination::v1::Lease;
use kube::client::{Body, ConfigExt};
use kube::{Client, Config};
use tower::ServiceBuilder;

use super::credentials::{Credentials, read_token};
use super::failure::{Answer, Failure, chain};
use super::lanes::{Lane, Lanes, SettingUp};
use super::place::KubernetesPlace;
use crate::os;

/// The longest reply, or event of a watch, that is read: etcd keeps no object that is half as
/// long.
pub(super) const LONGEST_REPLY: usize = 4 << 20;

/// A request as kube composes it.
pub(super) type Composed = Result<Request<Vec<u8>>, kube::core::request::Error>;

/// The way to one API server as one user, which all elections of the process share.
pub(super) struct Connection {
    config: Config,
    credentials: Credentials,
    lanes: Lanes,
    /// The last token that could be read.
    token: RefCell<Option<HeaderValue>>,
    wait: Cell<Option<Wait>>,
}

/// An election, as far as a connection knows it.
pub(super) struct Caller {
    /// When it gives up what it asks.
    timeout: Cell<Duration>,
    urgent: Cell<bool>,
    /// The connections on which it has asked last.
    generation: Cell<u64>,
}

impl Caller {
    pub(super) const fn new(timeout: Duration) -> Self {
        Self { timeout: Cell::new(timeout), urgent: Cell::new(false), generation: Cell::new(0) }
    }

    pub(super) fn begin_attempt(&self, timeout: Duration, urgent: bool) {
        self.timeout.set(timeout);
        self.urgent.set(urgent);
    }
}

/// The server is busy and has asked for patience.
#[derive(Clone, Copy)]
struct Wait {
    since: Instant,
    until: Instant,
}

impl Wait {
    /// Who asks for more is not busy but broken, and may be well again sooner.
    const LONGEST: Duration = Duration::from_secs(60);
}

impl Connection {
    /// Nobody waits longer than `connect_timeout` for a connection to be made.
    pub(super) fn new(place: &KubernetesPlace, connect_timeout: Duration) -> Self {
        let mut config = place.config.clone();
        config.connect_timeout = Some(connect_timeout);
        Self {
            config,
            credentials: place.credentials.clone(),
            lanes: Lanes::new(),
            token: RefCell::new(None),
            wait: Cell::new(None),
        }
    }

    /// Whether it leads to where `place` is, as the same user and with the same patience.
    pub(super) fn leads_to(&self, place: &KubernetesPlace, connect_timeout: Duration) -> bool {
        let (ours, theirs) = (&self.config, &place.config);
        // Whoever cannot be told for the same has a connection of their own.
        let shown = |config: &Config| serde_json::to_value(&config.auth_info).ok();
        ours.connect_timeout == Some(connect_timeout)
            && ours.cluster_url == theirs.cluster_url
            && self.credentials == place.credentials
            && ours.root_cert == theirs.root_cert
            && ours.root_cert_file == theirs.root_cert_file
            && ours.tls_server_name == theirs.tls_server_name
            && ours.accept_invalid_certs == theirs.accept_invalid_certs
            && shown(ours).is_some_and(|ours| Some(ours) == shown(theirs))
    }

    /// The next requests make new connections, with the credentials and the CA of then.
    pub(super) fn reconnect(&self) {
        self.lanes.distrust(self.lanes.generation());
    }

    /// The same, unless the connections on which this caller has asked last were given up already.
    pub(super) fn distrust_after(&self, caller: &Caller) {
        self.lanes.distrust(caller.generation.get());
    }

    /// Waits as long as the server has asked for, if that is not longer than `patience`.
    async fn let_be(&self, patience: Duration) -> Result<(), Failure> {
        let Some(until) = self.asked_to_wait_until() else { return Ok(()) };
        let wait = until.since(os::now());
        if wait > patience {
            let busy = "not sent, as the server is busy and wants to be asked later (Retry-After)";
            return Err(Failure::NoTurn(busy.to_owned()));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Until when the server asked not to be asked.
    pub(super) fn asked_to_wait_until(&self) -> Option<Instant> {
        self.wait.get().map(|wait| wait.until).filter(|until| *until > os::now())
    }

    /// Sends a request when its turn has come, and reads the Lease in the reply.
    pub(super) async fn lease(&self, request: Composed, caller: &Caller) -> Result<Lease, Failure> {
        let reply = self.reply(request, caller).await?;
        serde_json::from_slice(reply.body())
            .map_err(|error| Failure::Lost(format!("the reply is not a Lease: {error}")))
    }

    /// Sends a request when its turn has come, and reads the reply.
    pub(super) async fn reply(
        &self,
        request: Composed,
        caller: &Caller,
    ) -> Result<Response<Vec<u8>>, Failure> {
        let (urgent, timeout) = (caller.urgent.get(), caller.timeout.get());
        // Just below the timeout: what was never sent is then known to be without effect.
        let send_by = os::now() + timeout * 9 / 10;
        if !urgent {
            self.let_be(timeout / 2).await?;
        }
        let turn = self.lanes.turn(urgent, send_by.since(os::now())).await?;
        caller.generation.set(self.lanes.generation());
        let (head, body) = self.send_on(turn.lane, request).await?.into_parts();
        Ok(Response::from_parts(head, whole(body).await.map_err(Failure::Lost)?))
    }

    /// Sends the request for a watch and returns the reply once its head has arrived, if it is a
    /// success.
    pub(super) async fn send(&self, request: Composed) -> Result<Response<Body>, Failure> {
        self.let_be(Wait::LONGEST).await?;
        self.send_on(self.lanes.of_watches(), request).await
    }

    async fn send_on(&self, lane: &Lane, request: Composed) -> Result<Response<Body>, Failure> {
        let generation = self.lanes.generation();
        let sent = self.try_to_send(lane, request).await;
        if sent.as_ref().is_err_and(Failure::asks_for_reconnection) {
            self.lanes.distrust(generation);
        }
        sent
    }

    async fn try_to_send(&self, lane: &Lane, request: Composed) -> Result<Response<Body>, Failure> {
        let mut request = request.map_err(|error| Failure::NotSent(chain(&error)))?;
        if let Some(token) = self.token()? {
            request.headers_mut().insert(AUTHORIZATION, token);
        }
        let client = lane.client(|| self.set_up()).await?;
        let begun = os::now();
        let reply =
            client.send(request.map(Body::from)).await.map_err(|error| Failure::of_sending(&error))?;
        let status = reply.status();
        self.heed(status, reply.headers(), begun);
        if status.is_success() {
            return Ok(reply);
        }
        let location = reply.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        // A refusal is one whether or not it can be explained.
        let body = whole(reply.into_body()).await.unwrap_or_else(String::into_bytes);
        Err(Failure::Answered(Answer::new(status, location, &String::from_utf8_lossy(&body))))
    }

    /// Takes note if the server asks for patience, or answers again what it was asked since `begun`.
    fn heed(&self, status: StatusCode, headers: &HeaderMap, begun: Instant) {
        if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            let answered = !status.is_server_error();
            self.wait.set(self.wait.get().filter(|wait| !answered || begun < wait.since));
            return;
        }
        let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        if let Some(seconds) = text.and_then(|text| text.parse().ok()) {
            let since = os::now();
            let until = since + Duration::from_secs(seconds).min(Wait::LONGEST);
            self.wait.set(Some(Wait { since, until }));
        }
    }

    /// The service account's token. Where the file has been taken away since (some do, so that it
    /// cannot be stolen), the one that was in it.
    fn token(&self) -> Result<Option<HeaderValue>, Failure> {
        let Credentials::ServiceAccount { token: file, .. } = &self.credentials else { return Ok(None) };
        let mut last = self.token.borrow_mut();
        match read_token(file) {
            Ok(token) => *last = Some(token),
            Err(problem) if last.is_none() => return Err(Failure::NotSent(problem)),
            Err(_) => {}
        }
        Ok(last.clone())
    }

    fn set_up(&self) -> SettingUp {
        set_up(self.config.clone()).boxed_local().shared()
    }
}

/// A client as kube makes it, without its proxies and traces, and what we send goes out at once. Otherwise the first
/// request on a connection is held back until the server has acknowledged the handshake, for which it
/// takes its time (40 ms); and whoever has been silent for long takes over on a new connection.
fn client_of(config: Config) -> kube::Result<Client> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(tcp)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_write_timeout(config.write_timeout);
    let http = legacy::Client::builder(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .map_err(Box::<dyn Error + Send + Sync>::from)
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(Box::<dyn Error + Send + Sync>::from)
        .service(http);
    Ok(Client::new(service, config.default_namespace))
}

async fn set_up(config: Config) -> Result<Client, Failure> {
    let credentials = &config.auth_info;
    if credentials.exec.is_none() && credentials.auth_provider.is_none() {
        return client_of(config).map_err(|error| Failure::of_setting_up(&error));
    }
    // A plugin may take its time, or ask a person: not on the thread of the elections.
    match tokio::task::spawn_blocking(|| client_of(config)).await {
        Ok(client) => client.map_err(|error| Failure::of_setting_up(&error)),
        Err(error) => Err(Failure::NotSent(format!("the credentials plugin failed: {error}"))),
    }
}

/// A body of bounded length.
async fn whole(body: Body) -> Result<Vec<u8>, String> {
    match Limited::new(body, LONGEST_REPLY).collect().await {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(error) => Err(format!("the reply could not be read: {}", chain(&*error))),
    }
}
