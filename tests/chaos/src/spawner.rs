//! The one thread that starts processes: the kernel kills them when the thread ends that started them.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use cluster_leader_tests_kubernetes::{Pod, RunningPod};

type Order = (Pod, Sender<RunningPod>);

/// Starts a pod that lives for as long as this process may.
pub(crate) fn start(pod: Pod) -> RunningPod {
    static ORDERS: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (orders, taken) = channel::<Order>();
        thread::spawn(move || {
            for (pod, reply) in taken {
                // Whoever asked waits.
                let _ = reply.send(pod.start());
            }
        });
        Mutex::new(orders)
    });
    let (reply, started) = channel();
    let ordered = orders.lock().unwrap_or_else(PoisonError::into_inner).send((pod, reply));
    ordered.ok().and_then(|()| started.recv().ok()).expect("the thread that starts processes lives")
}
