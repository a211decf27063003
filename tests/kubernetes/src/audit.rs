//! The requests that the server saw.

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Deserialize;

use crate::moment::Moment;

/// The server's audit log.
#[derive(Clone, Debug)]
pub struct Audit {
    file: PathBuf,
}

/// A request: once per watch, when it was opened, and once per other request, when it was answered.
#[derive(Clone, Debug)]
pub struct Request {
    /// `get`, `create`, `update`, `watch`, ...
    pub verb: String,
    /// `leases`, ...
    pub resource: String,
    /// The object's name, where one was named.
    pub name: Option<String>,
    /// The answer's HTTP status.
    pub status: u16,
    /// When the server received it.
    pub received: Moment,
}

impl Audit {
    pub(crate) fn of_file(file: PathBuf) -> Self {
        Self { file }
    }

    /// All requests of a user so far, in the order of the answers.
    #[must_use]
    pub fn of_user(&self, user: &str) -> Vec<Request> {
        let log = fs::read_to_string(&self.file).expect("the audit log can be read");
        let quoted = format!("\"{user}\"");
        log.lines()
            .filter(|line| line.contains(&quoted))
            .filter_map(|line| serde_json::from_str::<Entry>(line).ok())
            .filter(|entry| entry.user.username == user)
            .map(Entry::into_request)
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    verb: String,
    user: User,
    object_ref: Option<Object>,
    response_status: Option<Status>,
    request_received_timestamp: String,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Deserialize, Default)]
struct Object {
    #[serde(default)]
    resource: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    code: u16,
}

impl Entry {
    fn into_request(self) -> Request {
        let received: Timestamp =
            self.request_received_timestamp.parse().expect("a timestamp in the audit log");
        let object = self.object_ref.unwrap_or_default();
        Request {
            verb: self.verb,
            resource: object.resource,
            name: object.name,
            status: self.response_status.map_or(0, |status| status.code),
            received: Moment::at(received),
        }
    }
}
