//! Requests to the API server, one at a time, in JSON.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use kube::client::Body;
use kube::config::Kubeconfig;
use kube::{Client, Config};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// A user of the API server.
#[derive(Clone)]
pub struct Admin {
    runtime: Arc<Runtime>,
    client: Client,
}

/// A request that did not succeed.
struct Refusal {
    /// The HTTP status; `None` if there was no answer.
    status: Option<u16>,
    /// What was asked and what came back.
    message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Admin {
    /// The user of a kubeconfig.
    #[must_use]
    pub fn of_kubeconfig(file: &Path) -> Self {
        let kubeconfig = Kubeconfig::read_from(file).expect("the server's kubeconfig can be read");
        let mut config = Config::try_from(kubeconfig).expect("the server's kubeconfig can be used");
        config.default_retry = false;
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = {
            let _inside = runtime.enter();
            Client::try_from(config).expect("a client")
        };
        Self { runtime: Arc::new(runtime), client }
    }

    /// Reads an object; `None` if there is none.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<Value> {
        match self.ask("GET", path, None, &Value::Null) {
            Err(Refusal { status: Some(404), .. }) => None,
            answer => Some(must(answer)),
        }
    }

    /// Creates an object in the collection at `path`.
    pub fn create(&self, path: &str, object: &Value) -> Value {
        must(self.ask("POST", path, Some("application/json"), object))
    }

    /// Changes an object as `kubectl edit`, `label` and `annotate` do.
    pub fn merge(&self, path: &str, change: &Value) -> Value {
        must(self.ask("PATCH", path, Some("application/merge-patch+json"), change))
    }

    /// Makes an object be as `kubectl apply --server-side` would.
    pub fn apply(&self, path: &str, object: &Value) -> Value {
        // An unknown field is a mistake in a manifest, which the server would drop silently.
        let path = format!("{path}?fieldManager=tests&force=true&fieldValidation=Strict");
        must(self.ask("PATCH", &path, Some("application/apply-patch+yaml"), object))
    }

    /// What [`apply`](Self::apply) would make of an object, which is not kept.
    pub fn try_out(&self, path: &str, object: &Value) -> Value {
        let path = format!("{path}?fieldManager=tests&force=true&fieldValidation=Strict&dryRun=All");
        must(self.ask("PATCH", &path, Some("application/apply-patch+yaml"), object))
    }

    /// Whether an object would be created, which is not kept.
    ///
    /// # Errors
    /// The server's refusal.
    pub fn would_create(&self, path: &str, object: &Value) -> Result<(), String> {
        let path = format!("{path}?fieldValidation=Strict&dryRun=All");
        let answer = self.ask("POST", &path, Some("application/json"), object);
        answer.map(drop).map_err(|refusal| refusal.to_string())
    }

    /// What the server counts, as Prometheus is told it.
    #[must_use]
    pub fn metrics(&self) -> String {
        let request = http::Request::get("/metrics").body(Vec::new()).expect("a request");
        self.runtime.block_on(self.client.request_text(request)).expect("the server's metrics")
    }

    /// Deletes an object.
    pub fn delete(&self, path: &str) {
        must(self.ask("DELETE", path, None, &Value::Null));
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: &Value,
    ) -> Result<Value, Refusal> {
        let mut request = http::Request::builder().method(method).uri(path);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = request.body(Body::from(body)).expect("a request");
        self.runtime.block_on(async {
            let refusal = |status, error: &dyn fmt::Display| Refusal {
                status,
                message: format!("{method} {path}: {error}"),
            };
            let answer = self.client.send(request).await.map_err(|error| refusal(None, &error))?;
            let status = answer.status();
            let body = answer.into_body().collect_bytes().await.map_err(|error| refusal(None, &error))?;
            if !status.is_success() {
                return Err(refusal(Some(status.as_u16()), &String::from_utf8_lossy(&body)));
            }
            serde_json::from_slice(&body).map_err(|error| refusal(None, &error))
        })
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admin")
    }
}

fn must(answer: Result<Value, Refusal>) -> Value {
    answer.unwrap_or_else(|refusal| panic!("{refusal}"))
}
