//! The settings, and what each is called on every surface.

/// A setting that can be given as text, by [`Options::set`](crate::Options::set).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// The election: the Lease's name.
    Election,
    /// The Lease's namespace.
    Namespace,
    /// The name that this process shows to others.
    InstanceName,
    /// Where the record is kept.
    Store,
    /// How long others wait before they take over.
    LeaseDuration,
    /// How long a claim lasts without being renewed.
    RenewDeadline,
    /// The pause between attempts after a failure.
    RetryPeriod,
    /// Whether pods are watched for a proof that the holder is dead.
    WatchPods,
    /// The file whose content Kubernetes shows once this container has ended.
    TerminationLog,
    /// How long a host may be silent before it counts as stuck.
    Heartbeat,
    /// Whether the host says when it is ready to lead.
    WaitUntilReady,
}

impl Setting {
    /// All settings.
    pub const ALL: [Self; 11] = [
        Self::Election,
        Self::Namespace,
        Self::InstanceName,
        Self::Store,
        Self::LeaseDuration,
        Self::RenewDeadline,
        Self::RetryPeriod,
        Self::WatchPods,
        Self::TerminationLog,
        Self::Heartbeat,
        Self::WaitUntilReady,
    ];

    /// Its environment variable: `CLUSTER_LEADER_LEASE_DURATION`.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        self.names().0
    }

    /// Its Java and Spring property: `cluster-leader.lease-duration`.
    #[must_use]
    pub const fn property(self) -> &'static str {
        self.names().1
    }

    /// What errors call it where it was given in code.
    pub(super) const fn option(self) -> &'static str {
        self.names().2
    }

    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Election => ("CLUSTER_LEADER_ELECTION", "cluster-leader.election", "election"),
            Self::Namespace => ("CLUSTER_LEADER_NAMESPACE", "cluster-leader.namespace", "namespace"),
            Self::InstanceName => {
                ("CLUSTER_LEADER_INSTANCE_NAME", "cluster-leader.instance-name", "instance_name")
            }
            Self::Store => ("CLUSTER_LEADER_STORE", "cluster-leader.store", "store"),
            Self::LeaseDuration => {
                ("CLUSTER_LEADER_LEASE_DURATION", "cluster-leader.lease-duration", "lease_duration")
            }
            Self::RenewDeadline => {
                ("CLUSTER_LEADER_RENEW_DEADLINE", "cluster-leader.renew-deadline", "renew_deadline")
            }
            Self::RetryPeriod => {
                ("CLUSTER_LEADER_RETRY_PERIOD", "cluster-leader.retry-period", "retry_period")
            }
            Self::WatchPods => ("CLUSTER_LEADER_WATCH_PODS", "cluster-leader.watch-pods", "watch_pods"),
            Self::TerminationLog => {
                ("CLUSTER_LEADER_TERMINATION_LOG", "cluster-leader.termination-log", "termination_log")
            }
            Self::Heartbeat => ("CLUSTER_LEADER_HEARTBEAT", "cluster-leader.heartbeat", "heartbeat"),
            Self::WaitUntilReady => {
                ("CLUSTER_LEADER_WAIT_UNTIL_READY", "cluster-leader.wait-until-ready", "wait_until_ready")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_names_of_a_setting_are_spellings_of_one() {
        for setting in Setting::ALL {
            let option = setting.option();
            assert_eq!(setting.variable(), format!("CLUSTER_LEADER_{}", option.to_uppercase()));
            assert_eq!(setting.property(), format!("cluster-leader.{}", option.replace('_', "-")));
        }
    }
}
