//! What many elections share: connections, and a watch on all that bears our label.

mod connections;
mod refusal;
mod watch;

use election::Seen;
use testkit::api::{Request, Verb};
use tokio::task::LocalSet;
use tokio::time::timeout;

use super::*;
use crate::store::{Store, StoreError, StoreErrorKind, Watched};

/// The elections of one process at one server.
struct Process {
    server: ApiServer,
    account: ServiceAccount,
    servers: ApiServers,
}

impl Process {
    fn new() -> Self {
        Self { server: ApiServer::start(), account: ServiceAccount::new(), servers: ApiServers::default() }
    }

    fn store(&self, election: &str) -> KubernetesStore {
        let mut place = self.account.place(self.server.port());
        place.name = election.to_owned();
        place.config.cluster_url = self.server.url().parse().unwrap();
        place.open(&patient(), &self.servers).unwrap()
    }

    /// The first, which watches by its name, and so many others, each with a Lease of its own.
    async fn many(&self, others: usize) -> (KubernetesStore, Vec<KubernetesStore>) {
        let first = self.store("first");
        first.create(&ours()).await.unwrap();
        let others: Vec<_> = (0..others).map(|number| self.store(&format!("other-{number}"))).collect();
        for other in &others {
            other.create(&ours()).await.unwrap();
        }
        (first, others)
    }

    fn watches(&self) -> Vec<Request> {
        self.server.asked().into_iter().filter(|of| of.verb() == Verb::Watch).collect()
    }

    fn watches_by(&self, selector: &str) -> usize {
        self.watches().iter().filter(|of| of.query(selector).is_some()).count()
    }

    /// What only others do.
    fn edit(&self, election: &str, holder: &str) {
        self.server.edit("team", election, |lease| lease["spec"]["holderIdentity"] = json!(holder));
    }

    fn unlabel(&self, election: &str) {
        self.server.edit("team", election, |lease| lease["metadata"]["labels"] = json!({"app": "billing"}));
    }
}

fn on_one_thread(test: impl AsyncFnOnce(Process)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(test(Process::new())));
}

/// The next that is shown, but for signs of life.
async fn next(store: &KubernetesStore) -> Result<Watched, StoreError> {
    let shown = async {
        loop {
            match store.watch().await {
                Ok(Watched::Alive) => {}
                shown => break shown,
            }
        }
    };
    timeout(Duration::from_secs(30), shown).await.expect("something is shown")
}

/// Watches until it is shown as held by `holder`.
async fn until_held(store: &KubernetesStore, holder: &str) {
    loop {
        let Watched::Seen(Seen::Present(record, _)) = next(store).await.unwrap() else { continue };
        if record.holder == Some(Identity::from(holder)) {
            return;
        }
    }
}

async fn until_open(store: &KubernetesStore) {
    assert_eq!(next(store).await, Ok(Watched::Opened));
}

async fn kind_of_break(store: &KubernetesStore) -> StoreErrorKind {
    loop {
        if let Err(error) = next(store).await {
            return error.kind;
        }
    }
}

/// Nothing is shown, though there is time for it.
async fn shows_nothing(store: &KubernetesStore) {
    let shown = timeout(Duration::from_millis(200), next(store)).await;
    assert!(shown.is_err(), "{shown:?}");
}
