//! The driver in a pod whose surroundings change: the CA, the token, the wall clock.

use std::sync::Arc;
use std::time::Instant;

use testkit::api::{Asked, Fault, Request};
use tokio::task::LocalSet;

use super::*;
use crate::driver;
use crate::options::{Place, Resolved};
use crate::os::{self, WALL_STEPPED};
use crate::shared::Shared;
use crate::status::ChangeKind;

/// A leader outlasts a machine that stands still for three seconds.
fn timing() -> Timing {
    Timing::new(Duration::from_secs(8), Duration::from_secs(7), Duration::from_secs(1)).unwrap()
}

/// What a busy machine may add to anything.
const SLACK: Duration = Duration::from_secs(6);

/// How soon one leads once nothing is wrong: a lease duration and two retry periods.
fn recovery() -> Duration {
    timing().lease_duration() + 2 * timing().retry_period() + SLACK
}

/// Stands on the thread of the test.
fn stands(place: KubernetesPlace, name: &str) -> Arc<Shared> {
    let resolved = Resolved {
        election: "jobs".to_owned(),
        instance_name: name.to_owned(),
        timing: timing(),
        heartbeat: None,
        wait_until_ready: false,
        health_checked: false,
        defer_step_down: false,
        place: Place::Kubernetes(Box::new(place)),
    };
    let shared = Arc::new(Shared::new(resolved).unwrap());
    tokio::task::spawn_local(driver::stand(Arc::clone(&shared)));
    shared
}

fn leads(shared: &Shared) -> bool {
    shared.claim().is_leading(os::now)
}

fn tells(shared: &Shared, parts: &[&str]) -> bool {
    shared.status().last_problem.is_some_and(|problem| parts.iter().all(|part| problem.contains(part)))
}

fn terms(shared: &Shared) -> usize {
    let began = |kind: &ChangeKind| matches!(kind, ChangeKind::Acquired { .. });
    shared.changes(0).iter().filter(|change| began(&change.kind)).count()
}

async fn until(what: &str, within: Duration, reached: impl Fn() -> bool) {
    let begun = Instant::now();
    while !reached() {
        assert!(begun.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn on_one_thread(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(test));
}

#[test]
fn g8_a_ca_that_changes_without_notice_costs_leadership_until_its_file_is_there() {
    on_one_thread(async {
        let (old, new) = (Authority::new(), Authority::new());
        let account = ServiceAccount::trusting(&old);
        let server = ApiServer::start_tls(&old.certificate("127.0.0.1"));
        let only = stands(account.place(server.port()), "only");
        until("it leads", recovery(), || leads(&only)).await;

        server.set_certificate(&new.certificate("127.0.0.1"));
        server.close_connections();
        until("it leads no more", timing().renew_deadline() + SLACK, || !leads(&only)).await;
        let ca = account.file("ca.crt");
        let parts = ["invalid peer certificate", "from a CA in", ca.to_str().unwrap()];
        until("it says why", SLACK, || tells(&only, &parts)).await;

        account.write("ca.crt", &new.pem());
        until("it leads again", recovery(), || leads(&only)).await;
        until("nothing is wrong", recovery(), || only.status().last_problem.is_none()).await;
        only.begin_stop();
        until("it has ended", recovery(), || only.is_stopped()).await;
    });
}

/// As it is rotated by people who know how: the file names both before the server shows the new one.
#[test]
fn g8_a_ca_that_is_rotated_with_notice_costs_nothing() {
    on_one_thread(async {
        let (old, new) = (Authority::new(), Authority::new());
        let account = ServiceAccount::trusting(&old);
        let server = ApiServer::start_tls(&old.certificate("127.0.0.1"));
        let only = stands(account.place(server.port()), "only");
        until("it leads", recovery(), || leads(&only)).await;

        account.write("ca.crt", &format!("{}{}", old.pem(), new.pem()));
        server.set_certificate(&new.certificate("127.0.0.1"));
        server.close_connections();
        let renewals = || server.log().iter().filter(|asked| asked.acknowledged()).count();
        let before = renewals();
        until("two renewals", 2 * timing().renew_interval() + SLACK, || renewals() >= before + 2).await;
        assert!(leads(&only));
        assert_eq!(terms(&only), 1);
    });
}

#[test]
fn g8_a_token_that_is_rotated_late_counts_with_the_next_attempt() {
    on_one_thread(async {
        let authority = Authority::new();
        let account = ServiceAccount::trusting(&authority);
        let server = ApiServer::start_tls(&authority.certificate("127.0.0.1"));
        let only = stands(account.place(server.port()), "only");
        until("it leads", recovery(), || leads(&only)).await;

        let expired = |of: &Request| of.client() == "first-token";
        let _refused = server.inject(Fault::refused(401, "Unauthorized"), expired);
        server.end_watches(None);
        until("it leads no more", timing().renew_deadline() + SLACK, || !leads(&only)).await;
        let token = account.file("token");
        let parts = ["401 Unauthorized", token.to_str().unwrap(), "is not valid there"];
        until("it says why", SLACK, || tells(&only, &parts)).await;

        account.write("token", "second-token");
        until("it leads again", recovery(), || leads(&only)).await;
        assert_eq!(server.last().client(), "second-token");
    });
}

fn seconds_of_renewals(log: &[Asked]) -> Vec<String> {
    let renewed = log.iter().filter(|asked| asked.acknowledged() && asked.request.client() == "first-token");
    renewed
        .map(|asked| {
            let lease: Value = serde_json::from_str(&asked.request.body).unwrap();
            let time = lease["spec"]["renewTime"].as_str().unwrap();
            assert_eq!(time.len(), "2026-11-05T07:08:09.000010Z".len(), "{time}");
            time.split_once('.').unwrap().0.to_owned()
        })
        .collect()
}

/// Somebody sets the clock of the host, to and fro, by seconds and by years.
#[test]
fn g2_the_wall_clock_decides_nothing() {
    const SECOND: i64 = 1_000_000;
    const STEPS: [i64; 8] = [0, 1, -1, 3_600, -3_600, 86_400 * 3_000, -86_400 * 3_000, -3];
    on_one_thread(async {
        let account = ServiceAccount::new();
        let server = ApiServer::start();
        let place = || {
            let mut place = account.place(server.port());
            place.config.cluster_url = server.url().parse().unwrap();
            place
        };
        let first = stands(place(), "first");
        until("it leads", recovery(), || leads(&first)).await;
        let second = stands(place(), "second");
        until("it follows", recovery(), || second.status().leader.is_some()).await;

        for step in STEPS {
            WALL_STEPPED.set(step * SECOND);
            tokio::time::sleep(timing().renew_interval() / 2).await;
            assert!(leads(&first) && !leads(&second));
        }
        assert_eq!((terms(&first), terms(&second)), (1, 0));
        let seconds = seconds_of_renewals(&server.log());
        assert!(seconds.len() >= 4, "{seconds:?}");
        for pair in seconds.windows(2) {
            assert_ne!(pair[0], pair[1], "client-go would see no change");
        }
    });
}
