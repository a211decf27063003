//! What was asked, when and by whom, and what became of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, `PUT`.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// By names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The whole body.
    pub body: String,
    /// Counts the connections that were accepted.
    pub connection: usize,
    /// When it had arrived as a whole, by [`boottime`](crate::clock::boottime).
    pub at: Duration,
}

/// What a request asks for, in the words of RBAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reads one.
    Get,
    /// Makes one.
    Create,
    /// Replaces one.
    Update,
    /// Watches.
    Watch,
    /// Anything else.
    Other,
}

impl Request {
    /// What it asks for.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match &*self.method {
            "GET" if self.query("watch").is_some() => Verb::Watch,
            "GET" => Verb::Get,
            "POST" => Verb::Create,
            "PUT" => Verb::Update,
            _ => Verb::Other,
        }
    }

    /// Whether it would change something.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self.verb(), Verb::Create | Verb::Update)
    }

    /// Who asks: the bearer token, or nothing.
    #[must_use]
    pub fn client(&self) -> &str {
        self.headers.get("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default()
    }

    /// The holder identity in the body: empty in a release, nothing where there is none.
    #[must_use]
    pub fn holder(&self) -> Option<String> {
        let body: serde_json::Value = serde_json::from_str(&self.body).ok()?;
        Some(body["spec"]["holderIdentity"].as_str()?.to_owned())
    }

    /// A parameter of the query.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    }

    /// The path without the query.
    #[must_use]
    pub(super) fn path(&self) -> &str {
        self.target.split_once('?').map_or(&*self.target, |(path, _)| path)
    }
}

/// A request and what became of it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// As it arrived.
    pub request: Request,
    /// What was done to it, in words.
    pub fate: String,
    /// The version that it made, if it took effect (so far).
    pub made: Option<u64>,
    /// The status of its own reply, once all of that was handed to the operating system, and if it
    /// still told the version.
    pub answered: Option<u16>,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, fate, made, answered } = self;
        let holder = request.holder().unwrap_or_default();
        let path = request.target.trim_start_matches("/apis/coordination.k8s.io/v1/namespaces/");
        let Request { method, connection, at, .. } = request;
        write!(f, "{at:?} {} [{connection}] {method} {path} {holder:?}: {fate};", request.client())?;
        write!(f, " made {made:?}, answered {answered:?}")
    }
}

impl Asked {
    /// Whether it is a write that took effect and whose success was told.
    #[must_use]
    pub fn acknowledged(&self) -> bool {
        self.made.is_some() && self.answered.is_some_and(|status| status < 300)
    }
}
