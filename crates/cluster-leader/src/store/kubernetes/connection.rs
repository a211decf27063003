//! Requests to the API server and their replies.

use std::cell::RefCell;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Limited};
use k8s_openapi::api::coordination::v1::Lease;
use kube::client::Body;
use kube::{Client, Config};

use super::credentials::{Credentials, read_token};
use super::failure::{Answer, Failure, chain};
use super::place::KubernetesPlace;

/// The longest reply, or event of a watch, that is read: etcd keeps no object that is half as
/// long.
pub(super) const LONGEST_REPLY: usize = 4 << 20;

/// A request as kube composes it.
pub(super) type Composed = Result<Request<Vec<u8>>, kube::core::request::Error>;

/// A pool of connections to the API server.
pub(super) struct Connection {
    config: Config,
    credentials: Credentials,
    client: RefCell<Option<SettingUp>>,
    /// The last token that could be read.
    token: RefCell<Option<HeaderValue>>,
}

type SettingUp = Shared<LocalBoxFuture<'static, Result<Client, Failure>>>;

impl Connection {
    pub(super) fn new(place: &KubernetesPlace) -> Self {
        Self {
            config: place.config.clone(),
            credentials: place.credentials.clone(),
            client: RefCell::new(None),
            token: RefCell::new(None),
        }
    }

    /// The next request makes a new connection, with the credentials and the CA of then.
    pub(super) fn reconnect(&self) {
        self.client.borrow_mut().take_if(|client| client.peek().is_some());
    }

    /// Sends a request and reads the Lease in the reply.
    pub(super) async fn lease(&self, request: Composed) -> Result<Lease, Failure> {
        let reply = self.send(request).await?;
        let body = whole(reply.into_body()).await.map_err(Failure::Lost)?;
        serde_json::from_slice(&body)
            .map_err(|error| Failure::Lost(format!("the reply is not a Lease: {error}")))
    }

    /// Sends a request and returns the reply once its head has arrived, if it is a success.
    pub(super) async fn send(&self, request: Composed) -> Result<Response<Body>, Failure> {
        let sent = self.try_to_send(request).await;
        if sent.as_ref().is_err_and(Failure::asks_for_reconnection) {
            self.reconnect();
        }
        sent
    }

    async fn try_to_send(&self, request: Composed) -> Result<Response<Body>, Failure> {
        let mut request = request.map_err(|error| Failure::NotSent(chain(&error)))?;
        if let Some(token) = self.token()? {
            request.headers_mut().insert(AUTHORIZATION, token);
        }
        let client = self.client().await?;
        let reply =
            client.send(request.map(Body::from)).await.map_err(|error| Failure::of_sending(&error))?;
        if reply.status().is_success() {
            return Ok(reply);
        }
        let status = reply.status();
        let location = reply.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        // A refusal is one whether or not it can be explained.
        let body = whole(reply.into_body()).await.unwrap_or_else(String::into_bytes);
        Err(Failure::Answered(Answer::new(status, location, &String::from_utf8_lossy(&body))))
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

    /// The client, which several requests may wait for. It goes on being set up if they give up.
    fn client(&self) -> SettingUp {
        let mut client = self.client.borrow_mut();
        client.get_or_insert_with(|| set_up(self.config.clone()).boxed_local().shared()).clone()
    }
}

async fn set_up(config: Config) -> Result<Client, Failure> {
    let credentials = &config.auth_info;
    if credentials.exec.is_none() && credentials.auth_provider.is_none() {
        return Client::try_from(config).map_err(|error| Failure::of_setting_up(&error));
    }
    // A plugin may take its time, or ask a person: not on the thread of the elections.
    match tokio::task::spawn_blocking(|| Client::try_from(config)).await {
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
