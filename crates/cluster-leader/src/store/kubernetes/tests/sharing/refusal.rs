//! Where a process may not watch a whole namespace.

use std::sync::Mutex;

use testkit::api::Fault;

use super::*;

#[test]
fn where_a_namespace_may_not_be_watched_eight_leases_are_by_name_and_all_above_polled() {
    on_one_thread(async |process| {
        let (first, others) = process.many(11).await;
        let _forbidden =
            process.server.inject(Fault::refused(403, "Forbidden"), |of| of.query("labelSelector").is_some());
        until_open(&first).await;
        // No news for each election: people are told once for all.
        assert_eq!(kind_of_break(&others[0]).await, StoreErrorKind::Unknown);
        for other in &others[..7] {
            until_open(other).await;
        }
        for other in &others[7..] {
            assert_eq!(kind_of_break(other).await, StoreErrorKind::Unknown);
        }
        assert_eq!((process.watches_by("labelSelector"), process.watches_by("fieldSelector")), (1, 8));
        process.edit("other-6", "x");
        until_held(&others[6], "x").await;
        // Where one ends, there is room for another.
        let mut others = others;
        drop(others.remove(3));
        until_open(&others[9]).await;
        assert_eq!(process.watches_by("labelSelector"), 1);
    });
}

/// What is logged at the level WARN while this lives, on this thread.
struct Warnings {
    kept: Arc<Mutex<Vec<u8>>>,
    _until_dropped: tracing::subscriber::DefaultGuard,
}

impl Warnings {
    fn keep() -> Self {
        let kept = Arc::<Mutex<Vec<u8>>>::default();
        let writer = Arc::clone(&kept);
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::WARN)
            .with_writer(move || Kept(Arc::clone(&writer)))
            .finish();
        Self { kept, _until_dropped: tracing::subscriber::set_default(subscriber) }
    }

    fn text(&self) -> String {
        String::from_utf8(self.kept.lock().unwrap().clone()).unwrap()
    }
}

struct Kept(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn people_are_told_once_which_rule_would_help() {
    on_one_thread(async |process| {
        let warnings = Warnings::keep();
        let (_first, others) = process.many(9).await;
        let _forbidden =
            process.server.inject(Fault::refused(403, "Forbidden"), |of| of.query("labelSelector").is_some());
        assert_eq!(kind_of_break(&others[0]).await, StoreErrorKind::Unknown);
        for other in &others {
            drop(next(other).await);
        }
        let told = warnings.text();
        assert_eq!(told.matches("WARN").count(), 1, "{told}");
        let rules = "rules:\n- apiGroups: [\"coordination.k8s.io\"]\n  resources: [\"leases\"]\n  verbs: [\"watch\"]\n";
        assert_parts(
            &told,
            &[
                "cannot watch the Leases labelled cluster-leader.io/election=true in the namespace team at http://",
                "403 Forbidden",
                "in the namespace team, bound to the ServiceAccount of this pod",
                rules,
                "no more than 8 Leases",
            ],
        );
    });
}
