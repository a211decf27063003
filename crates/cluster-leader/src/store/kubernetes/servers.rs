//! What the elections of one process share.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::connection::Connection;
use super::place::KubernetesPlace;
use super::pods::Pods;
use super::shared_watch::{Member, SharedWatch};
use crate::store::StoreError;

/// The API servers that the elections on this thread talk to.
#[derive(Default)]
pub(crate) struct ApiServers(RefCell<Vec<Weak<ApiServer>>>);

/// One of them, as one user.
pub(super) struct ApiServer {
    pub(super) connection: Rc<Connection>,
    namespaces: RefCell<Vec<Weak<SharedWatch>>>,
    /// How many Leases are watched each by its name.
    by_name: Cell<usize>,
    pub(super) pods: Pods,
}

impl ApiServers {
    /// The one of `place`, whose connections are to be made within `timeout`.
    pub(super) fn of(&self, place: &KubernetesPlace, timeout: Duration) -> Rc<ApiServer> {
        let mut servers = self.0.borrow_mut();
        servers.retain(|server| server.strong_count() > 0);
        let known = servers.iter().filter_map(Weak::upgrade);
        known.into_iter().find(|server| server.connection.leads_to(place, timeout)).unwrap_or_else(|| {
            let connection = Rc::new(Connection::new(place, timeout));
            let server = Rc::new(ApiServer {
                namespaces: RefCell::default(),
                by_name: Cell::new(0),
                pods: Pods::new(Rc::clone(&connection)),
                connection,
            });
            servers.push(Rc::downgrade(&server));
            server
        })
    }
}

impl ApiServer {
    /// As many watches by name of one process do no harm.
    pub(super) const MOST_BY_NAME: usize = 8;

    /// Takes part in what the elections in a namespace share.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub(super) fn join(&self, place: &KubernetesPlace) -> Result<Rc<Member>, StoreError> {
        let mut namespaces = self.namespaces.borrow_mut();
        namespaces.retain(|namespace| namespace.strong_count() > 0);
        let known = namespaces.iter().filter_map(Weak::upgrade).find(|known| known.is_of(&place.namespace));
        let namespace = match known {
            Some(known) => known,
            None => {
                let made = Rc::new(SharedWatch::new(Rc::clone(&self.connection), place)?);
                namespaces.push(Rc::downgrade(&made));
                made
            }
        };
        Ok(namespace.join(&place.name))
    }

    /// Leave to watch a Lease by its name.
    pub(super) fn leave_by_name(self: &Rc<Self>) -> Option<ByName> {
        let count = self.by_name.get();
        if count >= Self::MOST_BY_NAME {
            return None;
        }
        self.by_name.set(count + 1);
        Some(ByName(Rc::clone(self)))
    }
}

/// Leave to watch a Lease by its name, until it is dropped.
pub(super) struct ByName(Rc<ApiServer>);

impl Drop for ByName {
    fn drop(&mut self) {
        self.0.by_name.set(self.0.by_name.get().saturating_sub(1));
    }
}
