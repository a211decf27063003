//! Who is measured.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use cluster_leader_tests_chaos::{Contender, Ours, Peer};

/// A program of which three stand in an election.
#[derive(Clone, Debug)]
pub(crate) struct Contestant {
    /// In the data.
    pub(crate) key: &'static str,
    /// In tables and drawings.
    pub(crate) title: &'static str,
    pub(crate) version: String,
    pub(crate) words: Vec<OsString>,
    pub(crate) pods: Pods,
    /// Where its ZooKeeper listens, if it elects by that.
    pub(crate) zookeeper: Option<SocketAddr>,
}

/// What its pods are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pods {
    /// Names that say nothing, as a StatefulSet's or a laptop's.
    Plain,
    /// Those of one ReplicaSet.
    OfOneGeneration,
    /// They are watched: a kubelet's report that a leader's container has ended is believed.
    Watched,
}

/// Those of a rolling update, built, and what must stay for as long as they run.
pub(crate) fn rolling() -> Result<([Contestant; 2], (Ours, Peer)), String> {
    let (ours, client_go) = (Ours::build()?, Peer::build("client-go")?);
    let contestants = [
        contestant("ours", "cluster-leader", &ours, 0, Pods::Plain),
        contestant("sidecar", "a leader-elector sidecar", &client_go, 0, Pods::Plain),
    ];
    Ok((contestants, (ours, client_go)))
}

/// All of them, built, and what must stay for as long as they run.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) contestants: Vec<Contestant>,
    /// Ours, which has a kubelet's word that the others cannot have.
    pub(crate) watched: Contestant,
    ours: Ours,
    _peers: Vec<Peer>,
}

impl Field {
    /// Builds all, unless that has been done before.
    pub(crate) fn build() -> Result<Self, String> {
        let ours = Ours::build()?;
        let peers = Peer::NAMES.iter().map(|name| Peer::build(name)).collect::<Result<Vec<_>, _>>()?;
        // The seats of an election among ours: C programs, and a JVM in the third.
        let (c, jvm) = (0, 2);
        let mut contestants = vec![
            contestant("ours", "ours", &ours, c, Pods::Plain),
            contestant("ours-generation", "ours, one generation", &ours, c, Pods::OfOneGeneration),
            contestant("ours-jvm", "ours, JVM", &ours, jvm, Pods::Plain),
        ];
        for peer in &peers {
            let (key, title) = match peer.name() {
                "curator" => ("curator", "Curator on ZooKeeper"),
                name => (name, name),
            };
            contestants.push(contestant(key, title, peer, 0, Pods::Plain));
        }
        let watched = contestant("ours-watched", "ours, pods watched", &ours, c, Pods::Watched);
        Ok(Self { contestants, watched, ours, _peers: peers })
    }

    /// The library that ours are.
    pub(crate) fn library(&self) -> PathBuf {
        self.ours.library_file()
    }
}

fn contestant(
    key: &'static str,
    title: &'static str,
    contender: &dyn Contender,
    seat: usize,
    pods: Pods,
) -> Contestant {
    Contestant {
        key,
        title,
        version: contender.version(),
        words: contender.program(0, seat).words,
        pods,
        zookeeper: contender.server().map(|server| server.address()),
    }
}

impl Contestant {
    pub(crate) fn is_ours(&self) -> bool {
        self.key.starts_with("ours")
    }

    /// The name of the n-th pod.
    pub(crate) fn pod_name(&self, n: u32) -> String {
        match self.pods {
            Pods::Plain | Pods::Watched => format!("{}-{n}", self.key),
            Pods::OfOneGeneration => format!("app-7d9f8b6c5d-{}", suffix(n)),
        }
    }
}

/// As Kubernetes makes them: five of its safe characters.
fn suffix(n: u32) -> String {
    const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let base = u32::try_from(SAFE.len()).expect("few");
    let mut rest = n.wrapping_mul(7_654_321) % base.pow(5);
    let digits = (0..5).map(|_| {
        let digit = SAFE[usize::try_from(rest % base).expect("small")];
        rest /= base;
        char::from(digit)
    });
    digits.collect()
}
