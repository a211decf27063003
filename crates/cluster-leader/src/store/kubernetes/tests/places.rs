//! Which Lease, at which server, as whom: all that is checked before anything is sent.

use std::fs;

use futures_util::FutureExt;
use kube::config::Kubeconfig;

use super::super::place::explained;
use super::*;
use crate::error::Error;
use crate::store::{Store, StoreErrorKind};

fn in_cluster(account: &ServiceAccount, host: &str, port: &str) -> Result<KubernetesPlace, Error> {
    KubernetesPlace::in_cluster(host, port, account.0.path(), None, "jobs")
}

#[test]
fn the_address_of_the_server() {
    let account = ServiceAccount::new();
    for (host, port, url) in [
        ("10.96.0.1", "443", "https://10.96.0.1:443"),
        ("kubernetes.default.svc", "6443", "https://kubernetes.default.svc:6443"),
        ("fd00:10:96::1", "443", "https://[fd00:10:96::1]:443"),
        ("0:0::1", "443", "https://[::1]:443"),
        ("[fd00:10:96::1]", "443", "https://[fd00:10:96::1]:443"),
    ] {
        assert_eq!(in_cluster(&account, host, port).unwrap().server(), url);
    }
    for (host, port, name) in [
        ("", "443", "KUBERNETES_SERVICE_HOST"),
        ("a b", "443", "KUBERNETES_SERVICE_HOST"),
        ("host/path", "443", "KUBERNETES_SERVICE_HOST"),
        ("user@host", "443", "KUBERNETES_SERVICE_HOST"),
        ("host:1", "443", "KUBERNETES_SERVICE_HOST"),
        ("10.96.0.1", "", "KUBERNETES_SERVICE_PORT"),
        ("10.96.0.1", "tcp://10.96.0.1:443", "KUBERNETES_SERVICE_PORT"),
        ("10.96.0.1", "65536", "KUBERNETES_SERVICE_PORT"),
    ] {
        let error = in_cluster(&account, host, port).unwrap_err();
        assert!(matches!(&error, Error::Configuration { name: found, .. } if found == name), "{error}");
        let wrong = if name.ends_with("HOST") { host } else { port };
        assert_parts(&error.to_string(), &[&format!("{wrong:?}")]);
    }
}

#[test]
fn a_service_account_that_cannot_be_used_is_an_error_that_names_the_file_and_the_fix() {
    let not_a_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (file, content, part) in [
        ("token", None, "cannot be read: No such file"),
        ("token", Some(&b""[..]), "is empty"),
        ("token", Some(b" \n"), "is empty"),
        ("token", Some(b"two\nlines"), "characters that no token has"),
        ("token", Some(b"\xff\xfe"), "cannot be read"),
        ("ca.crt", None, "cannot be read: No such file"),
        ("ca.crt", Some(b""), "is not a file of PEM certificates"),
        ("ca.crt", Some(b"hello"), "is not a file of PEM certificates"),
        ("ca.crt", Some(not_a_certificate.as_bytes()), "is not a file of PEM certificates"),
        ("ca.crt", Some(b"-----BEGIN CERTIFICATE-----\nAAAA"), "is not a file of PEM certificates"),
    ] {
        let account = ServiceAccount::new();
        let path = account.file(file);
        match content {
            Some(content) => fs::write(&path, content).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let error = in_cluster(&account, "10.96.0.1", "443").unwrap_err();
        assert!(matches!(error, Error::Store(_)), "{error}");
        let fix = if file == "token" { "automountServiceAccountToken" } else { "kube-root-ca.crt" };
        assert_parts(&error.to_string(), &[path.to_str().unwrap(), part, fix]);
    }
}

#[test]
fn the_namespace_is_the_given_one_or_the_pod_s() {
    let account = ServiceAccount::new();
    let place = in_cluster(&account, "10.96.0.1", "443").unwrap();
    assert_eq!(place.describe(), "Lease team/jobs");
    let given = Some("other".to_owned());
    let place = KubernetesPlace::in_cluster("10.96.0.1", "443", account.0.path(), given, "jobs").unwrap();
    assert_eq!(place.describe(), "Lease other/jobs");

    let file = account.file("namespace");
    account.write("namespace", "\n");
    let empty = in_cluster(&account, "10.96.0.1", "443").unwrap_err().to_string();
    assert_parts(&empty, &["CLUSTER_LEADER_NAMESPACE", file.to_str().unwrap(), "is empty"]);
    fs::remove_file(&file).unwrap();
    let missing = in_cluster(&account, "10.96.0.1", "443").unwrap_err().to_string();
    assert_parts(&missing, &["CLUSTER_LEADER_NAMESPACE", file.to_str().unwrap(), "cannot be read"]);
}

fn kubeconfig(cluster: &str, context: &str, user: &str) -> Kubeconfig {
    Kubeconfig::from_yaml(&format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
         clusters:\n- name: there\n  cluster: {{server: 'https://elsewhere', proxy-url: 'http://p'}}\n\
         - name: here\n  cluster: {{{cluster}}}\n\
         contexts:\n- name: here\n  context: {{cluster: here, user: me{context}}}\n\
         users:\n- name: me\n  user: {{{user}}}\n"
    ))
    .unwrap()
}

fn of_kubeconfig(cluster: &str, context: &str, user: &str) -> Result<KubernetesPlace, Error> {
    KubernetesPlace::of_kubeconfig(kubeconfig(cluster, context, user), None, "jobs")
}

#[test]
fn a_kubeconfig_names_the_cluster_and_the_namespace() {
    let server = "server: 'https://example.com:6443/path'";
    let place = of_kubeconfig(server, "", "token: secret").unwrap();
    assert_eq!(place.describe(), "Lease default/jobs");
    assert_eq!(place.server(), "https://example.com:6443");
    let place = of_kubeconfig(server, ", namespace: team", "token: secret").unwrap();
    assert_eq!(place.describe(), "Lease team/jobs");
    let config = kubeconfig(server, ", namespace: team", "token: secret");
    let place = KubernetesPlace::of_kubeconfig(config, Some("given".to_owned()), "jobs").unwrap();
    assert_eq!(place.describe(), "Lease given/jobs");

    for (cluster, part) in [
        ("server: '10.0.0.1:6443'", "no URL"),
        ("server: '/path'", "no URL"),
        ("server: ''", ""),
        ("server: 'https://me:secret@x'", "no URL"),
        ("server: 'https://x', proxy-url: 'http://user:secret@proxy'", "proxy-url"),
        ("certificate-authority: /no/such/ca, server: 'https://x'", "/no/such/ca"),
        ("insecure-skip-tls-verify: true", "cluster url is missing"),
    ] {
        let error = of_kubeconfig(cluster, "", "token: secret").unwrap_err();
        assert!(matches!(error, Error::Store(_)), "{error}");
        assert_parts(&error.to_string(), &["KUBECONFIG", "kubectl get leases", part]);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn a_broken_kubeconfig_is_not_quoted() {
    for text in
        ["users: [{name: me, user: {token: secret}", "users: {secret", "users: secret", "clusters: [secret]"]
    {
        let error = explained(&Kubeconfig::from_yaml(text).unwrap_err());
        assert!(error.contains("line 1, column") && !error.contains("secret"), "{text}: {error}");
    }
}

#[test]
fn no_credentials_are_shown() {
    let account = ServiceAccount::new();
    let place = in_cluster(&account, "10.96.0.1", "443").unwrap();
    assert_eq!(format!("{place:?}"), "KubernetesPlace(Lease team/jobs at https://10.96.0.1:443)");
    let server = "server: 'https://example.com'";
    let exec = "exec: {apiVersion: v1, command: x, env: [{name: A, value: secret}], interactiveMode: Never}";
    let place = of_kubeconfig(server, "", exec).unwrap();
    assert!(!format!("{place:#?}").contains("secret"), "{place:#?}");
}

/// What the plugin `sh -c SCRIPT` leads to.
async fn with_plugin(script: &str, server: &ApiServer) -> (KubernetesStore, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("plugin.sh");
    fs::write(&file, script).unwrap();
    let user = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: ['{}'], interactiveMode: Never}}",
        file.display()
    );
    let place = of_kubeconfig(&format!("server: '{}'", server.url()), "", &user).unwrap();
    (place.open(&patient(), &ApiServers::default()).unwrap(), directory)
}

#[tokio::test]
async fn a_plugin_logs_in_even_if_it_takes_longer_than_an_attempt() {
    let server = ApiServer::scripted([found(5)]);
    let credential = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-plugin"}}"#;
    let script = format!(
        "cd \"$(dirname \"$0\")\"; echo >> runs; while ! test -e go; do sleep 0.01; done; echo '{credential}'"
    );
    let (store, directory) = with_plugin(&script, &server).await;
    let runs = || fs::read_to_string(directory.path().join("runs")).map_or(0, |noted| noted.len());
    let runs_once = async {
        while runs() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        answer = store.read() => panic!("{answer:?}"),
        () = runs_once => {}
    }
    for _ in 0..3 {
        store.reconnect();
        assert!(store.read().now_or_never().is_none());
    }
    fs::write(directory.path().join("go"), "").unwrap();
    store.read().await.unwrap();
    assert_eq!(server.last().headers["authorization"], "Bearer from-plugin");
    // kube runs it twice to set up a client: not once more for every attempt given up.
    assert_eq!(runs(), 2);
}

#[tokio::test]
async fn a_plugin_that_fails_is_explained_without_its_secrets() {
    let server = ApiServer::scripted([]);
    for (script, part) in [
        ("echo secret; echo 'you are logged out' >&2; exit 7", "exit status: 7: you are logged out"),
        ("echo '{\"secret\":'", "gave no credentials"),
        ("echo '{}'", "gave no credentials"),
    ] {
        let (store, _directory) = with_plugin(script, &server).await;
        let error = store.read().await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Refused);
        assert_parts(&error.message, &["cannot get Lease default/jobs", part]);
        assert!(!error.message.contains("secret"), "{error}");
    }
    assert!(server.asked().is_empty());
}
