//! Processes on a real kube-apiserver, and what they say.
