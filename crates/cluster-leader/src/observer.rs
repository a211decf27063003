//! Looking at elections without standing in them.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use election::{Timing, WallTime};
use k8s_openapi::api::coordination::v1::Lease;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

use crate::error::Error;
use crate::ledger;
use crate::options::{self, Environment, Opened, Options};
use crate::store::{
    ApiServers, FilePlace, KubernetesPlace, KubernetesStore, Store, StoreError, StoreErrorKind, is_labelled,
    record_of, version_of,
};

/// Looks at the records of elections, and asks their leaders to step down. It stands in none.
///
/// Every method blocks, for 5 s at most, and makes one attempt.
///
/// ```no_run
/// use cluster_leader::{Observer, Options};
///
/// let observer = Observer::new(Options::from_env()?)?;
/// if let Some(seen) = observer.look_at("billing-jobs")? {
///     println!("{} is held by {}", seen.place, seen.leader.as_deref().unwrap_or("nobody"));
/// }
/// # Ok::<(), cluster_leader::Error>(())
/// ```
pub struct Observer {
    runtime: Runtime,
    named: Option<String>,
    view: View,
    servers: ApiServers,
}

enum View {
    Kubernetes(Box<KubernetesPlace>),
    Directory(PathBuf),
}

/// What the record of an election says. It was so when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observed {
    /// The election: the Lease's name.
    pub election: String,
    /// Where the record is, for people.
    pub place: String,
    /// The shown name of whoever holds it; `None`: nobody.
    pub leader: Option<String>,
    /// The holder identity.
    pub leader_identity: Option<String>,
    /// How long others wait, from their own observation, before they take over.
    pub lease_duration: Option<Duration>,
    /// When the term began, by the holder's wall clock.
    pub acquired_at: Option<SystemTime>,
    /// When it was last renewed, by the holder's wall clock.
    pub renewed_at: Option<SystemTime>,
    /// `leaseTransitions`.
    pub term: i32,
    /// When the record was made and its terms began to be counted, by the API server's clock. Not known on files.
    pub created_at: Option<SystemTime>,
    /// The term's fencing token, once the holder has told it: with its first renewal.
    pub fencing_token: Option<u64>,
    /// The holder is asked to step down.
    pub asked_to_step_down: bool,
    /// The holder cannot be running any more. On files only, where the kernel tells.
    pub holder_is_dead: bool,
    /// Some process of this library has written it, now or before.
    pub is_ours: bool,
    /// The strategy of coordinated election, which is then in charge of the Lease.
    pub strategy: Option<String>,
    /// What its leaders have left to their successors, if they have: as [`Ledger::to_json`](crate::Ledger::to_json)
    /// says it, with ages as of the last write.
    pub ledger: Option<String>,
    /// The version of the record. It grows with every write.
    pub version: u64,
}

impl Observer {
    /// What is asked takes no longer.
    const TIMEOUT: Duration = Duration::from_secs(5);

    /// An observer of the elections where these options, completed from the environment, would have one
    /// held. No election need be named; nothing is asked or made yet.
    ///
    /// # Errors
    /// The options or the environment are wrong, or the place cannot be used.
    pub fn new(options: Options) -> Result<Self, Error> {
        let (named, opened) = options::look_around(options, &Environment::of_process())?;
        let view = match opened {
            Opened::Kubernetes(place) => View::Kubernetes(place),
            Opened::Directory(directory) => View::Directory(directory),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| Error::System { what: "no runtime to ask with", source })?;
        Ok(Self { runtime, named, view, servers: ApiServers::default() })
    }

    /// The election that the options or the environment name.
    #[must_use]
    pub fn election(&self) -> Option<&str> {
        self.named.as_deref()
    }

    /// Where it looks, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.view {
            View::Kubernetes(place) => format!("namespace {} at {}", place.namespace(), place.server()),
            View::Directory(directory) => format!("directory {}", directory.display()),
        }
    }

    /// The record of this election; `None`: there is none.
    ///
    /// # Errors
    /// [`Error::Unanswered`]: the store refused, or did not answer.
    pub fn look_at(&self, election: &str) -> Result<Option<Observed>, Error> {
        match &self.view {
            View::Kubernetes(place) => {
                let place = place.named(election);
                let lease = self.ask(&place, async |store| store.get().await)?;
                lease.map(|lease| observed(&lease, place.describe())).transpose()
            }
            View::Directory(directory) => {
                let place = FilePlace::to_look_at(directory, election)?;
                let found = self.runtime.block_on(async { place.open().lease() }).map_err(unanswered)?;
                found
                    .map(|(lease, holder_is_dead)| {
                        // Files bear no label: nobody else writes them.
                        let seen = observed(&lease, place.describe())?;
                        Ok(Observed { election: election.to_owned(), holder_is_dead, is_ours: true, ..seen })
                    })
                    .transpose()
            }
        }
    }

    /// The records of all elections there are, in the order of their names: of a Kubernetes namespace all
    /// Leases, whoever wrote them.
    ///
    /// # Errors
    /// [`Error::Unanswered`]: the store refused, or did not answer. It takes the right to `list`.
    pub fn look_at_all(&self) -> Result<Vec<Observed>, Error> {
        let place = match &self.view {
            View::Kubernetes(place) => place,
            View::Directory(directory) => {
                let elections = FilePlace::elections_in(directory)?;
                // One may be removed meanwhile.
                return elections.iter().filter_map(|election| self.look_at(election).transpose()).collect();
            }
        };
        let leases = self.ask(place, async |store| store.list().await)?;
        let mut all = leases
            .iter()
            .map(|lease| {
                let name = lease.metadata.name.as_deref().unwrap_or_default();
                observed(lease, place.named(name).describe())
            })
            .collect::<Result<Vec<_>, _>>()?;
        all.sort_by(|one, other| one.election.cmp(&other.election));
        Ok(all)
    }

    /// Asks whoever holds this record to step down, if nobody has written it since: the request names the
    /// holder, and no other honours it. Whether there was nothing new, and the request was made.
    ///
    /// # Errors
    /// [`Error::Unanswered`]: the store refused, or did not answer. It takes the right to `update`.
    pub fn ask_to_step_down(&self, seen: &Observed) -> Result<bool, Error> {
        match &self.view {
            View::Kubernetes(place) => {
                self.ask(&place.named(&seen.election), async |store| request_step_down(store, seen).await)
            }
            View::Directory(directory) => {
                let place = FilePlace::to_look_at(directory, &seen.election)?;
                let asked = async { request_step_down(&place.open(), seen).await };
                self.runtime.block_on(asked).map_err(unanswered)
            }
        }
    }

    /// The API server, the namespace, and as whom it asks there.
    #[doc(hidden)]
    #[must_use]
    pub fn kubernetes(&self) -> Option<(String, &str, &'static str)> {
        match &self.view {
            View::Kubernetes(place) => Some((place.server(), place.namespace(), place.user())),
            View::Directory(_) => None,
        }
    }

    /// Asks the API server anything, as elections would.
    #[doc(hidden)]
    pub fn ask_api_server(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, Error> {
        match &self.view {
            View::Kubernetes(place) => self.ask(place, async |store| store.ask(request).await),
            View::Directory(_) => {
                Err(Error::Unanswered("there is no API server: the store is files".to_owned()))
            }
        }
    }

    fn ask<T>(
        &self,
        place: &KubernetesPlace,
        question: impl AsyncFnOnce(&KubernetesStore) -> Result<T, StoreError>,
    ) -> Result<T, Error> {
        self.runtime.block_on(LocalSet::new().run_until(async {
            let store = place.open(&Timing::default(), &self.servers).map_err(unanswered)?;
            store.begin_attempt(Self::TIMEOUT, false);
            match tokio::time::timeout(Self::TIMEOUT, question(&store)).await {
                Ok(answer) => answer.map_err(unanswered),
                Err(_) => Err(Error::Unanswered(format!(
                    "{}: {} does not answer within {:?}. See that it can be reached from here",
                    place.describe(),
                    place.server(),
                    Self::TIMEOUT
                ))),
            }
        }))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observer({})", self.place())
    }
}

/// Guarded by the version that was seen.
async fn request_step_down(store: &impl Store, seen: &Observed) -> Result<bool, StoreError> {
    let Some((mut record, version)) = store.read().await? else { return Ok(false) };
    if version.number != seen.version || record.holder.is_none() {
        return Ok(false);
    }
    record.step_down.clone_from(&record.holder);
    match store.update(&record, &version).await {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind, StoreErrorKind::Conflict | StoreErrorKind::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

fn observed(lease: &Lease, place: String) -> Result<Observed, Error> {
    let record = record_of(lease);
    let version = version_of(lease).map_err(unanswered)?;
    let holder = record.holder.as_ref();
    Ok(Observed {
        election: lease.metadata.name.clone().unwrap_or_default(),
        place,
        leader: holder.map(|holder| holder.shown_name().to_owned()),
        leader_identity: holder.map(ToString::to_string),
        lease_duration: record.lease_duration,
        acquired_at: record.acquire_time.and_then(system_time),
        renewed_at: record.renew_time.and_then(system_time),
        term: record.transitions,
        created_at: lease.metadata.creation_timestamp.as_ref().map(|time| time.0.into()),
        fencing_token: record.token.as_ref().filter(|(of, _)| Some(of) == holder).map(|(_, token)| *token),
        asked_to_step_down: record.asks_to_step_down(),
        holder_is_dead: false,
        is_ours: is_labelled(lease),
        strategy: record.strategy.as_deref().map(str::to_owned),
        ledger: record.ledger.as_ref().map(ledger::to_json),
        version: version.number,
    })
}

/// `None`: before 1970, as Go writes a time that was never set.
fn system_time(time: WallTime) -> Option<SystemTime> {
    let micros = u64::try_from(time.as_micros()).ok().filter(|micros| *micros > 0)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(micros))
}

fn unanswered(error: StoreError) -> Error {
    Error::Unanswered(error.message)
}
