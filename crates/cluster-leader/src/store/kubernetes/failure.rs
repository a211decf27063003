//! What a failed request means: for the election, and for people.

use std::error::Error as StdError;
use std::io;
use std::iter;

use http::StatusCode;
use hyper_util::client::legacy::Error as ClientError;
use kube::client::AuthError;
use kube::core::Status;

use super::credentials::{Credentials, read_token};
use super::place::KubernetesPlace;
use crate::store::lease::{LABEL, LABELLED};
use crate::store::{StoreError, StoreErrorKind};

/// What was asked, in the words of RBAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Create,
    Update,
    Watch,
    WatchPods,
    /// One watch for the Leases of many elections.
    WatchAll,
    /// All Leases of a namespace.
    List,
    /// Something else, of which people are told more by whoever asks.
    Ask,
}

/// Why a request did not succeed.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Nothing of it was sent.
    NotSent(String),
    /// Nothing of it was sent, because others were before it for too long.
    NoTurn(String),
    /// Nothing of it was sent, because the connection could not be made safe.
    Tls(String),
    /// It may have been sent; there was no reply, or none that makes sense.
    Lost(String),
    /// A watch cannot tell how the Lease is now.
    Uncertain(String),
    /// The server, or something before it, said no.
    Answered(Answer),
}

/// A reply that is not a success.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    status: StatusCode,
    /// The machine-readable reason, if it was the API server that answered.
    reason: String,
    message: String,
    /// Where a redirect points to.
    location: Option<String>,
}

impl Answer {
    /// A longer explanation is a page meant for a browser.
    const LONGEST_MESSAGE: usize = 1000;

    /// The answer with this body, which may be a Status or anything else.
    pub(super) fn new(status: StatusCode, location: Option<String>, body: &str) -> Self {
        let said = serde_json::from_str::<Status>(body).unwrap_or_default();
        let message = if said.message.is_empty() { body } else { &said.message };
        let message = message.trim().chars().take(Self::LONGEST_MESSAGE).collect();
        Self { status, reason: said.reason, message, location }
    }

    /// The answer that an error event of a watch stands for, if it says which.
    pub(super) fn of_event(said: &Status) -> Option<Self> {
        let status = StatusCode::from_u16(said.code).ok()?;
        Some(Self { status, reason: said.reason.clone(), message: said.message.clone(), location: None })
    }
}

impl Failure {
    /// There is no client to ask with.
    pub(super) fn of_setting_up(error: &kube::Error) -> Self {
        match error {
            kube::Error::Auth(error) => Self::NotSent(explain_credentials(error)),
            error => Self::NotSent(chain(error)),
        }
    }

    /// There was no reply.
    pub(super) fn of_sending(error: &kube::Error) -> Self {
        let error: &(dyn StdError + 'static) = match error {
            kube::Error::Service(inner) => &**inner,
            error => error,
        };
        if let Some(error) = error.downcast_ref::<AuthError>() {
            return Self::NotSent(explain_credentials(error));
        }
        let never_connected = error.downcast_ref::<ClientError>().is_some_and(ClientError::is_connect);
        match (never_connected, causes(error).any(<dyn StdError>::is::<rustls::Error>)) {
            (true, true) => Self::Tls(chain(error)),
            (true, false) => Self::NotSent(chain(error)),
            (false, _) => Self::Lost(chain(error)),
        }
    }

    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Answered(answer) if answer.status == StatusCode::NOT_FOUND)
    }

    pub(super) fn is_answer(&self) -> bool {
        matches!(self, Self::Answered(_))
    }

    pub(super) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Answered(answer) if answer.status == StatusCode::FORBIDDEN)
    }

    /// Whether a new connection with fresh credentials may fare better.
    pub(super) fn asks_for_reconnection(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::Tls(_) | Self::Lost(_) => true,
            Self::NoTurn(_) | Self::Uncertain(_) => false,
            Self::Answered(answer) => answer.status == StatusCode::UNAUTHORIZED,
        }
    }

    /// As the election and people need it.
    pub(super) fn explain(&self, verb: Verb, place: &KubernetesPlace) -> StoreError {
        let what = match self {
            Self::NotSent(what) | Self::NoTurn(what) | Self::Lost(what) | Self::Uncertain(what) => {
                what.clone()
            }
            Self::Tls(what) => format!("{what}. {}", allow_tls(place)),
            Self::Answered(answer) => explain_answer(answer, verb, place),
        };
        StoreError::new(self.kind(verb), format!("{}: {what}", heading(verb, place)))
    }

    fn kind(&self, verb: Verb) -> StoreErrorKind {
        let answer = match self {
            Self::NotSent(_) | Self::NoTurn(_) | Self::Tls(_) => return StoreErrorKind::Refused,
            Self::Uncertain(_) => return StoreErrorKind::WatchExpired,
            Self::Lost(_) => return StoreErrorKind::Unknown,
            Self::Answered(answer) => answer,
        };
        match (verb, answer.status.as_u16()) {
            (Verb::Update, 404) => StoreErrorKind::NotFound,
            (Verb::Update, 409) => StoreErrorKind::Conflict,
            // Another reason is a quota's, or an admission's.
            (Verb::Create, 409) if matches!(&*answer.reason, "AlreadyExists" | "") => {
                StoreErrorKind::AlreadyExists
            }
            (Verb::Watch | Verb::WatchPods | Verb::WatchAll, 410) => StoreErrorKind::WatchExpired,
            (_, 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429) => StoreErrorKind::Refused,
            _ => StoreErrorKind::Unknown,
        }
    }
}

/// What was tried.
pub(super) fn heading(verb: Verb, place: &KubernetesPlace) -> String {
    let what = match verb {
        Verb::Get => format!("get {}", place.describe()),
        Verb::Create => format!("create {}", place.describe()),
        Verb::Update => format!("update {}", place.describe()),
        Verb::Watch => format!("watch {}", place.describe()),
        Verb::WatchPods => format!("watch pods in the namespace {}", place.namespace),
        Verb::WatchAll => {
            format!("watch the Leases labelled {LABEL}={LABELLED} in the namespace {}", place.namespace)
        }
        Verb::List => format!("list the Leases in the namespace {}", place.namespace),
        Verb::Ask => "ask".to_owned(),
    };
    format!("cannot {what} at {}", place.server())
}

fn explain_answer(answer: &Answer, verb: Verb, place: &KubernetesPlace) -> String {
    let Answer { status, message, .. } = answer;
    let help = match (verb, status.as_u16()) {
        (_, 401) => Some(allow_credentials(place)),
        (Verb::Ask, 403) => None,
        (_, 403) => Some(allow_by_role(verb, place)),
        (Verb::Create, 404) => Some(allow_namespace(place)),
        (_, 300..=399) => Some(allow_redirect(answer)),
        _ => None,
    };
    [Some(status.to_string()), Some(message.clone()).filter(|text| !text.is_empty()), help]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(": ")
}

fn allow_credentials(place: &KubernetesPlace) -> String {
    match &place.credentials {
        Credentials::ServiceAccount { token, .. } => match read_token(token) {
            Ok(_) => format!(
                "the token in {} is not valid there. It is read anew for every request, so a rotated one counts \
                 at once; if this lasts, the token has expired, its pod or ServiceAccount was deleted, or it is \
                 another cluster's",
                token.display()
            ),
            Err(problem) => problem,
        },
        Credentials::Kubeconfig => {
            "the credentials in the kubeconfig are not valid there: log in again".to_owned()
        }
    }
}

fn allow_by_role(verb: Verb, place: &KubernetesPlace) -> String {
    let KubernetesPlace { namespace, name, .. } = place;
    let whom = match &place.credentials {
        Credentials::ServiceAccount { .. } => "the ServiceAccount of this pod",
        Credentials::Kubeconfig => "the user of the kubeconfig",
    };
    let rules = match verb {
        Verb::WatchPods => "- apiGroups: [\"\"]\n  \
             resources: [\"pods\"]\n  \
             verbs: [\"watch\"]"
            .to_owned(),
        Verb::WatchAll => "- apiGroups: [\"coordination.k8s.io\"]\n  \
             resources: [\"leases\"]\n  \
             verbs: [\"watch\"]"
            .to_owned(),
        Verb::List => "- apiGroups: [\"coordination.k8s.io\"]\n  \
             resources: [\"leases\"]\n  \
             verbs: [\"list\"]"
            .to_owned(),
        _ => format!(
            "- apiGroups: [\"coordination.k8s.io\"]\n  \
             resources: [\"leases\"]\n  \
             verbs: [\"create\"]\n\
             - apiGroups: [\"coordination.k8s.io\"]\n  \
             resources: [\"leases\"]\n  \
             resourceNames: [\"{name}\"]\n  \
             verbs: [\"get\", \"update\", \"watch\"]"
        ),
    };
    format!(
        "a Role with these rules in the namespace {namespace}, bound to {whom}, allows it:\nrules:\n{rules}"
    )
}

fn allow_namespace(place: &KubernetesPlace) -> String {
    format!(
        "if there is no namespace {}, create it or set CLUSTER_LEADER_NAMESPACE to the one of this workload",
        place.namespace
    )
}

fn allow_redirect(answer: &Answer) -> String {
    format!(
        "it points to {} and is not followed: an API server does not redirect, so this is none",
        answer.location.as_deref().unwrap_or("nowhere")
    )
}

fn allow_tls(place: &KubernetesPlace) -> String {
    let ca = match &place.credentials {
        Credentials::ServiceAccount { ca, .. } => ca.display().to_string(),
        Credentials::Kubeconfig => "the kubeconfig (certificate-authority)".to_owned(),
    };
    format!(
        "The server must show a certificate for {} from a CA in {ca}",
        place.config.cluster_url.host().unwrap_or_default()
    )
}

/// What went wrong with the credentials, without what a plugin wrote to its standard output or
/// was given in its environment: that may be secret.
fn explain_credentials(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { out, .. } => format!(
            "the credentials plugin of the kubeconfig failed with {}: {}",
            out.status,
            String::from_utf8_lossy(&out.stderr)
                .trim()
                .chars()
                .take(Answer::LONGEST_MESSAGE)
                .collect::<String>()
        ),
        AuthError::AuthExecStart(error) => {
            format!("the credentials plugin of the kubeconfig cannot be run: {error}")
        }
        AuthError::ReadTokenFile(error, file) => {
            format!("the token file {} cannot be read: {error}", file.display())
        }
        AuthError::InvalidBearerToken(_) => {
            "the token contains characters that no token has, perhaps a line break".to_owned()
        }
        AuthError::MissingCommand => "the credentials plugin of the kubeconfig has no command".to_owned(),
        _ => "the kubeconfig's way to log in gave no credentials (see `kubectl auth whoami`)".to_owned(),
    }
}

/// An error and its causes in one line.
pub(super) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut line = String::new();
    for cause in causes(error) {
        let cause = cause.to_string();
        // Many an error tells its cause itself.
        if !line.ends_with(&cause) {
            line = if line.is_empty() { cause } else { format!("{line}: {cause}") };
        }
    }
    line
}

/// The error and its causes. What an `io::Error` wraps is one, which its `source` leaves out.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    const DEEPEST: usize = 16;
    iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(wrapper) => wrapper.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
        None => error.source(),
    })
    .take(DEEPEST)
}
