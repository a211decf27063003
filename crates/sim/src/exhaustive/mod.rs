//! Every reachable state of small worlds.
