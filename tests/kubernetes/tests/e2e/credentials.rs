//! The files of the service account: rotated, missing, broken, another's.

use std::fs;

use cluster_leader_tests_kubernetes::{AccountFiles, Candidate, ServiceAccount, Turn, eventually, measured};
use serde_json::json;

use crate::{SERVER, await_renewal, elector};

/// A token that is replaced in its file before it becomes invalid costs nothing. One that is not
/// costs leadership until it is replaced.
#[test]
fn g8_a_rotated_token_counts_at_once() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("rotation");
    let account = elector(&namespace, "rotated", "rotated");
    let late_account = elector(&namespace, "late", "late");
    let start = |account: &ServiceAccount<'_>, name: &str| {
        let token = account.token_of_pod(name);
        let files = account.files_with(&token);
        (Candidate::start_with(server, name, Some(files), name, Candidate::quick()), token)
    };
    let (rotated, first_token) = start(&account, "rotated");
    let (late, _) = start(&late_account, "late");
    let (term, late_term) = (rotated.await_term_after(0), late.await_term_after(0));

    rotated.files().write(&[("token", &account.token())]);
    let pods = format!("/api/v1/namespaces/{}/pods", namespace.name());
    for pod in ["rotated", "late"] {
        namespace.admin().delete(&format!("{pods}/{pod}"));
    }
    eventually("the first token is no longer valid", || {
        let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
        let answer = namespace.admin().create(reviews, &json!({ "spec": { "token": first_token } }));
        (answer["status"]["authenticated"] != true).then_some(())
    });

    assert_eq!(late.await_loss(late_term.token), "Expired");
    let said = late.process().await_text("401 Unauthorized").text;
    for word in ["cannot", "Lease", "token", "not valid"] {
        assert!(said.contains(word), "{word:?} is missing: {said}");
    }
    late.files().write(&[("token", &late_account.token())]);
    late.await_term_after(late_term.token);

    await_renewal(&namespace.lease("rotated"));
    assert_eq!(rotated.terms(), [term]);
    assert_eq!(rotated.losses(), []);
    assert_eq!(rotated.reigns().len(), 1, "it never said no: {:?}", rotated.reigns());
    let requests = server.audit().of_user(&account.user());
    measured("requests around a rotation, none refused", requests.len());
    assert!(requests.iter().all(|request| !matches!(request.status, 401 | 403)), "{requests:#?}");
}

/// In a cluster there is no election on files, whatever is missing: the start fails, and the error
/// names what to do.
#[test]
fn g2_in_a_cluster_missing_files_of_the_service_account_are_errors() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("missing");
    let account = elector(&namespace, "jobs", "jobs");
    let with = |change: fn(&AccountFiles)| {
        let files = account.files();
        change(&files);
        Some(files)
    };
    let mount = "/var/run/secrets/kubernetes.io/serviceaccount";
    let cases: [(&str, Option<AccountFiles>, &[&str]); 7] = [
        ("no files", None, &["token", "cannot be read", "automountServiceAccountToken"]),
        (
            "no token",
            with(|files| files.remove("token")),
            &["token", "cannot be read", "automountServiceAccountToken"],
        ),
        ("an empty token", with(|files| files.write(&[("token", " \n")])), &["token", "is empty"]),
        ("an unreadable token", with(|files| files.make_unreadable("token")), &["token", "cannot be read"]),
        ("no CA", with(|files| files.remove("ca.crt")), &["ca.crt", "cannot be read", "kube-root-ca.crt"]),
        ("a CA that is none", with(|files| files.write(&[("ca.crt", "nonsense")])), &["ca.crt", "PEM"]),
        (
            "no namespace",
            with(|files| files.remove("namespace")),
            &["namespace", "cannot be read", "CLUSTER_LEADER_NAMESPACE"],
        ),
    ];
    for (case, files, words) in cases {
        let candidate = Candidate::start_with(server, case, files, "jobs", Candidate::quick());
        let status = candidate.process().await_exit();
        assert_eq!(status.code(), Some(1), "{case}");
        let error = candidate.process().await_text("ERROR").text;
        for word in words.iter().chain([&mount]) {
            assert!(error.contains(word), "{case}: {word:?} is missing: {error}");
        }
        assert_eq!(candidate.terms(), [], "{case}");
        let left: Vec<_> = fs::read_dir(candidate.home()).unwrap().collect();
        assert!(left.is_empty(), "{case}: {left:?}");
    }
    assert!(namespace.lease("jobs").find().is_none());
}

/// A server that cannot prove who it is gets no token, and is said to be at fault.
#[test]
fn g8_the_ca_of_another_cluster() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("another-ca");
    let account = elector(&namespace, "jobs", "jobs");
    let files = account.files();
    let right_ca = files.read("ca.crt");
    files.write(&[("ca.crt", &another_ca())]);
    let candidate = Candidate::start_with(server, "one", Some(files), "jobs", Candidate::quick());
    let said = candidate.process().await_text("certificate").text;
    for word in ["cannot get", "Lease", "127.0.0.1", "ca.crt"] {
        assert!(said.contains(word), "{word:?} is missing: {said}");
    }
    assert_eq!(server.audit().of_user(&account.user()).len(), 0);
    assert_eq!(candidate.terms(), []);
    candidate.files().write(&[("ca.crt", &right_ca)]);
    candidate.await_term_after(0);
}

fn another_ca() -> String {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
}
