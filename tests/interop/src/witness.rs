//! Sees every state that a Lease is in.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use cluster_leader_tests_kubernetes::{Namespace, eventually};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use kube::api::{Api, DynamicObject, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Config};
use serde_json::Value;
use tokio::runtime::Builder;

use crate::record::Record;

type Events = BoxStream<'static, kube::Result<WatchEvent<DynamicObject>>>;

/// A watch of a Lease.
#[derive(Debug)]
pub(crate) struct Witness {
    seen: Receiver<Record>,
    records: Vec<Record>,
}

impl Witness {
    /// Watches the Lease, which must not exist yet.
    pub(crate) fn of(namespace: &Namespace<'_>, lease: &str) -> Self {
        let (send, seen) = mpsc::channel();
        let (ready, is_ready) = mpsc::channel();
        let kubeconfig = namespace.server().kubeconfig().to_owned();
        let namespace = namespace.name().to_owned();
        let lease = lease.to_owned();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let events = watch(client(&kubeconfig).await, &namespace, &lease).await;
                ready.send(()).expect("it is waited for");
                pass_on(events, &send).await;
            });
        });
        is_ready.recv().expect("the watch is opened");
        Self { seen, records: Vec::new() }
    }

    /// All states so far, this version's among them.
    pub(crate) fn records(&mut self, version: u64) -> &[Record] {
        eventually("the witness has seen the Lease as it is", || {
            self.records.extend(self.seen.try_iter());
            (self.records.last().is_some_and(|last| last.version >= version)).then_some(())
        });
        &self.records
    }
}

async fn watch(client: Client, namespace: &str, lease: &str) -> Events {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("coordination.k8s.io", "v1", "Lease"));
    let leases: Api<DynamicObject> = Api::namespaced_with(client, namespace, &resource);
    let params = WatchParams::default().fields(&format!("metadata.name={lease}")).timeout(290);
    leases.watch(&params, "0").await.expect("a watch").boxed()
}

/// Ends when nobody listens any more.
async fn pass_on(mut events: Events, send: &Sender<Record>) {
    while let Some(event) = events.next().await {
        let object = match event.expect("an event") {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => object,
            WatchEvent::Bookmark(_) => continue,
            other => panic!("the Lease is gone: {other:?}"),
        };
        let lease: Value = serde_json::to_value(object).expect("an object in JSON");
        if send.send(Record::of(lease)).is_err() {
            return;
        }
    }
}

async fn client(kubeconfig: &Path) -> Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("the server's kubeconfig can be read");
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    Client::try_from(config.expect("the server's kubeconfig can be used")).expect("a client")
}
