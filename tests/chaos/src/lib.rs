//! Chaos on a real kube-apiserver.
