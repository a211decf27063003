//! Many elections of one process, which share a watch on their label, on a real kube-apiserver: what it
//! shows to whom, and what it allows.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::time::{Duration, Instant};

use cluster_leader::{Elector, Options, StoreChoice};
use cluster_leader_tests_kubernetes::{Audit, Request, ServiceAccount, SharedServer, eventually, measured};
use serde_json::{Value, json};
use tempfile::TempDir;

static SERVER: SharedServer = SharedServer::new("many");

const ELECTIONS: usize = 12;
const LABEL: &str = "cluster-leader.io/election";

fn election(number: usize) -> String {
    format!("election-{number}")
}

/// May elect in all of them, and watch what `watched` says.
fn account_that_watches<'a>(account: ServiceAccount<'a>, watched: &Value) -> ServiceAccount<'a> {
    let group = "coordination.k8s.io";
    let mut watching = json!({ "apiGroups": [group], "resources": ["leases"], "verbs": ["watch"] });
    if !watched.is_null() {
        watching["resourceNames"] = watched.clone();
    }
    let rules = json!([
        { "apiGroups": [group], "resources": ["leases"], "verbs": ["create", "get", "update"] },
        watching,
    ]);
    account.grant(&rules, "watch", &election(0));
    account
}

/// The elections of what is one process to the server: they are asked with one token.
struct Replica {
    electors: Vec<Elector>,
    _files: TempDir,
}

impl Replica {
    fn start(account: &ServiceAccount<'_>, name: &str) -> Self {
        let files = tempfile::tempdir().unwrap();
        let (ca, kubeconfig) = (files.path().join("ca.crt"), files.path().join("kubeconfig"));
        fs::write(&ca, account.files().read("ca.crt")).unwrap();
        let server = account.namespace().server();
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{ "name": "here", "cluster": {
                "server": format!("https://{}", server.address()), "certificate-authority": ca,
            }}],
            "contexts": [{ "name": "here", "context": {
                "cluster": "here", "user": "me", "namespace": account.namespace().name(),
            }}],
            "users": [{ "name": "me", "user": { "token": account.token() } }],
        });
        fs::write(&kubeconfig, config.to_string()).unwrap();
        let variables = [
            ("KUBECONFIG", Some(kubeconfig.as_os_str())),
            ("KUBERNETES_SERVICE_HOST", None),
            ("POD_NAMESPACE", None),
            ("MY_POD_NAMESPACE", None),
        ];
        let join = |number| {
            let options = Options::new()
                .election(election(number))
                .instance_name(name)
                .store(StoreChoice::Kubernetes)
                .lease_duration(Duration::from_secs(4))
                .renew_deadline(Duration::from_secs(3))
                .retry_period(Duration::from_millis(500));
            Elector::start(options).unwrap()
        };
        let electors = temp_env::with_vars(variables, || (0..ELECTIONS).map(join).collect());
        Self { electors, _files: files }
    }

    fn leads(&self) -> usize {
        self.electors.iter().filter(|elector| elector.is_leader()).count()
    }

    fn follows(&self, leader: &str) -> usize {
        let leader = Some(leader.to_owned());
        self.electors.iter().filter(|elector| elector.status().leader == leader).count()
    }
}

/// By their name, and on all that bear the label.
fn watches(requests: &[Request], status: u16) -> (usize, usize) {
    let watches = requests.iter().filter(|request| request.verb == "watch" && request.status == status);
    let (by_name, on_all): (Vec<_>, Vec<_>) = watches.partition(|request| request.name.is_some());
    (by_name.len(), on_all.len())
}

fn reads(audit: &Audit, account: &ServiceAccount<'_>, number: usize) -> usize {
    let of_it = |request: &&Request| request.verb == "get" && request.name == Some(election(number));
    audit.of_user(&account.user()).iter().filter(of_it).count()
}

#[test]
fn g7_g10_one_watch_on_a_label_serves_all_elections_of_a_process() {
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("many");
    let audit = server.audit();
    let [one, other] =
        ["one", "other"].map(|name| account_that_watches(namespace.account(name), &Value::Null));
    let first = Replica::start(&one, "first");
    eventually("all are led", || (first.leads() == ELECTIONS).then_some(()));
    let second = Replica::start(&other, "second");
    eventually("all are followed", || (second.follows("first") == ELECTIONS).then_some(()));
    for account in [&one, &other] {
        eventually("two watches", || (watches(&audit.of_user(&account.user()), 200) == (1, 1)).then_some(()));
    }

    // What is released is taken over because the watch says so: nobody looks first.
    std::thread::sleep(Duration::from_secs(2));
    let mut took = Vec::new();
    for number in 0..ELECTIONS {
        let before = reads(&audit, &other, number);
        let begun = Instant::now();
        first.electors[number].step_down();
        eventually("it is taken over", || second.electors[number].is_leader().then_some(()));
        took.push(begun.elapsed());
        assert_eq!(reads(&audit, &other, number), before);
    }
    took.sort_unstable();
    measured(
        "a hand-over between processes of many elections, median",
        format_args!("{:?}", took[ELECTIONS / 2]),
    );

    // Somebody takes the label away, so that the watch shows a deletion: nobody believes it, and the
    // next renewal puts the label back.
    let token = second.electors[5].status().fencing_token;
    let lease = namespace.lease(&election(5));
    lease.merge(&json!({ "metadata": { "labels": { LABEL: null, "team": "billing" } } }));
    eventually("it bears the label again", || {
        (lease.get()["metadata"]["labels"][LABEL] == "true").then_some(())
    });
    assert_eq!(lease.get()["metadata"]["labels"]["team"], "billing");
    assert!(second.electors[5].is_leader());
    assert_eq!(second.electors[5].status().fencing_token, token);
    // A real deletion is one for the follower too.
    let lease = namespace.lease(&election(6));
    lease.delete();
    eventually("somebody leads again", || {
        (first.electors[6].is_leader() || second.electors[6].is_leader()).then_some(())
    });
    // And the watch still serves all.
    second.electors[5].step_down();
    eventually("it goes back", || first.electors[5].is_leader().then_some(()));
    for account in [&one, &other] {
        assert_eq!(watches(&audit.of_user(&account.user()), 200), (1, 1));
    }
}

#[test]
fn g8_where_only_names_may_be_watched_eight_are_and_all_others_are_polled() {
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("narrow");
    let audit = server.audit();
    let names: Vec<_> = (0..ELECTIONS).map(election).collect();
    let wide = account_that_watches(namespace.account("wide"), &Value::Null);
    let narrow = account_that_watches(namespace.account("narrow"), &json!(names));
    let first = Replica::start(&wide, "first");
    eventually("all are led", || (first.leads() == ELECTIONS).then_some(()));
    let second = Replica::start(&narrow, "second");
    eventually("all are followed", || (second.follows("first") == ELECTIONS).then_some(()));
    eventually("eight are watched", || {
        (watches(&audit.of_user(&narrow.user()), 200) == (8, 0)).then_some(())
    });
    assert_eq!(watches(&audit.of_user(&narrow.user()), 403), (0, 1));
    for number in 0..ELECTIONS {
        first.electors[number].step_down();
    }
    eventually("all are taken over", || (second.leads() == ELECTIONS).then_some(()));
    assert_eq!(watches(&audit.of_user(&narrow.user()), 403), (0, 1), "and not asked for again");
}
