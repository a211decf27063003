//! What is to see that each tick is run once.

/// An application that schedules its jobs in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contender {
    /// In the data, and on the command line.
    pub key: &'static str,
    /// In tables and drawings.
    pub title: &'static str,
    /// What else it needs to run.
    pub ground: Ground,
    /// The profile of the application.
    pub(crate) profile: &'static str,
    /// Properties.
    pub(crate) arguments: &'static [&'static str],
    /// Properties of the first instance alone.
    pub(crate) first: &'static [&'static str],
    /// One instance runs all jobs: it is the one to be killed.
    pub(crate) has_leader: bool,
    /// Its scheduler can be given a clock.
    pub(crate) takes_clock: bool,
}

/// What an application needs to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Nothing.
    None,
    /// A directory.
    Files,
    /// The API server.
    Kubernetes,
    /// The API server, and an elector beside each instance.
    Sidecar,
    /// A database server.
    Database,
}

const OTHER: Contender = Contender {
    key: "plain",
    title: "plain @Scheduled",
    ground: Ground::None,
    profile: "plain",
    arguments: &[],
    first: &[],
    has_leader: false,
    takes_clock: true,
};

const OURS: Contender =
    Contender { profile: "cluster-leader", ground: Ground::Files, has_leader: true, ..OTHER };

const AT_LEAST_ONCE: &[&str] = &["--cluster-leader.scheduled.delivery=at-least-once"];
const AT_MOST_ONCE: &[&str] = &["--cluster-leader.scheduled.delivery=at-most-once"];
const RELAXED: &[&str] = &["--cluster-leader.scheduled.delivery=relaxed"];

impl Contender {
    /// Ours on files, by way of delivery.
    pub const ON_FILES: [Self; 3] = [
        Self {
            key: "ours-at-least-once-files",
            title: "ours, at least once, files",
            arguments: AT_LEAST_ONCE,
            ..OURS
        },
        Self {
            key: "ours-at-most-once-files",
            title: "ours, at most once, files",
            arguments: AT_MOST_ONCE,
            ..OURS
        },
        Self { key: "ours-relaxed-files", title: "ours, relaxed, files", arguments: RELAXED, ..OURS },
    ];

    /// Ours on the API server, by way of delivery.
    pub const ON_KUBERNETES: [Self; 3] = [
        Self {
            key: "ours-at-least-once",
            title: "ours, at least once",
            ground: Ground::Kubernetes,
            arguments: AT_LEAST_ONCE,
            ..OURS
        },
        Self {
            key: "ours-at-most-once",
            title: "ours, at most once",
            ground: Ground::Kubernetes,
            arguments: AT_MOST_ONCE,
            ..OURS
        },
        Self {
            key: "ours-relaxed",
            title: "ours, relaxed",
            ground: Ground::Kubernetes,
            arguments: RELAXED,
            ..OURS
        },
    ];

    /// What one would use instead.
    pub const OTHERS: [Self; 5] = [
        OTHER,
        Self {
            key: "sidecar",
            title: "leader-elector sidecar",
            profile: "sidecar",
            ground: Ground::Sidecar,
            has_leader: true,
            ..OTHER
        },
        Self {
            key: "shedlock",
            title: "ShedLock on H2",
            profile: "shedlock",
            ground: Ground::Database,
            ..OTHER
        },
        Self {
            key: "quartz",
            title: "Quartz clustered on H2",
            profile: "quartz",
            ground: Ground::Database,
            first: &["--spring.quartz.jdbc.initialize-schema=always"],
            takes_clock: false,
            ..OTHER
        },
        Self {
            key: "db-scheduler",
            title: "db-scheduler on H2",
            profile: "db-scheduler",
            ground: Ground::Database,
            ..OTHER
        },
    ];

    /// All of them, ours first.
    #[must_use]
    pub fn all() -> Vec<Self> {
        [&Self::ON_KUBERNETES[..], &Self::ON_FILES, &Self::OTHERS].concat()
    }

    /// Whether what it notes is written with a renewal, and not before.
    pub(crate) fn is_relaxed(&self) -> bool {
        self.arguments == RELAXED
    }

    /// Whether it is ours.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.profile == OURS.profile
    }
}
