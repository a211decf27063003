//! The rules for names.

use super::quoted;

/// The longest name of a Lease.
const LONGEST_ELECTION: usize = 253;
/// The longest name of a namespace.
const LONGEST_NAMESPACE: usize = 63;
/// A holder identity is the shown name and a suffix; others show it whole.
const LONGEST_INSTANCE_NAME: usize = 200;

/// A Lease's name: a DNS-1123 subdomain.
///
/// # Errors
/// The problem, with a name that would do.
pub(super) fn check_election(name: &str) -> Result<(), String> {
    if name.len() <= LONGEST_ELECTION && name.split('.').all(is_label) {
        return Ok(());
    }
    Err(format!(
        "{} cannot be the name of an election, which is the name of a Lease: lower-case letters, digits, '-' \
         and '.', with a letter or a digit at the beginning, at the end and beside every '.', \
         at most {LONGEST_ELECTION} characters. Use for example {:?}",
        quoted(name),
        corrected(name, LONGEST_ELECTION).unwrap_or_else(|| "billing-jobs".to_owned())
    ))
}

/// A namespace: a DNS-1123 label.
///
/// # Errors
/// The problem, with a name that would do.
pub(super) fn check_namespace(name: &str) -> Result<(), String> {
    if name.len() <= LONGEST_NAMESPACE && is_label(name) {
        return Ok(());
    }
    Err(format!(
        "{} cannot be a namespace: lower-case letters, digits and '-', with a letter or a digit at the \
         beginning and the end, at most {LONGEST_NAMESPACE} characters. Use for example {:?}",
        quoted(name),
        corrected(&name.replace('.', "-"), LONGEST_NAMESPACE).unwrap_or_else(|| "default".to_owned())
    ))
}

/// A shown name: anything that can be shown.
///
/// # Errors
/// The problem.
pub(super) fn check_instance_name(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    let problem = if name.is_empty() {
        "is empty"
    } else if length > LONGEST_INSTANCE_NAME {
        "is too long"
    } else if name.chars().any(char::is_control) {
        "contains a control character"
    } else {
        return Ok(());
    };
    Err(format!(
        "{} {problem}: an instance is shown to others by a name of 1 to {LONGEST_INSTANCE_NAME} characters \
         without control characters. Set CLUSTER_LEADER_INSTANCE_NAME to one, for example the pod's name",
        quoted(name)
    ))
}

fn is_label(label: &str) -> bool {
    let is_letter_or_digit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    label.bytes().all(|byte| is_letter_or_digit(byte) || byte == b'-')
        && label.bytes().next().is_some_and(is_letter_or_digit)
        && label.bytes().next_back().is_some_and(is_letter_or_digit)
}

/// The nearest name that keeps the rules, if anything of it can be kept.
fn corrected(name: &str, longest: usize) -> Option<String> {
    let allowed: String = name
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .take(longest)
        .collect();
    let labels: Vec<_> =
        allowed.split('.').map(|label| label.trim_matches('-')).filter(|label| !label.is_empty()).collect();
    Some(labels.join(".")).filter(|name| !name.is_empty())
}

/// The Deployment's name, if `pod` is named as Deployments name their pods:
/// `NAME-TEMPLATEHASH-RANDOM`. Good for an example only: anybody may name a pod like this.
pub(super) fn deployment_of(pod: &str) -> Option<&str> {
    // Kubernetes spells both without vowels and without 0, 1 and 3, so that no words come about.
    let is_generated = |text: &str| text.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte));
    let (rest, random) = pod.rsplit_once('-')?;
    let (deployment, hash) = rest.rsplit_once('-')?;
    (random.len() == 5 && is_generated(random) && (6..=10).contains(&hash.len()) && is_generated(hash))
        .then_some(deployment)
        .filter(|name| check_election(name).is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn proposal(problem: &str) -> &str {
        problem.rsplit_once("Use for example \"").unwrap().1.strip_suffix('"').unwrap()
    }

    #[test]
    fn names_of_elections() {
        let longest = "a".repeat(253);
        for good in ["billing-jobs", "a", "7", "0a-b.c-9", "jobs.billing.example.com", "a--b", &longest] {
            assert_eq!(check_election(good), Ok(()), "{good:?}");
        }
        let too_long = "a".repeat(254);
        for (bad, correction) in [
            ("Billing_Jobs", "billing-jobs"),
            ("billing jobs", "billing-jobs"),
            ("billing/jobs", "billing-jobs"),
            ("-billing", "billing"),
            ("billing-", "billing"),
            ("billing.", "billing"),
            (".billing", "billing"),
            ("a..b", "a.b"),
            ("a.-b-.c", "a.b.c"),
            ("billing\n", "billing"),
            ("jöbs", "j-bs"),
            ("___", "billing-jobs"),
            ("..", "billing-jobs"),
            (&too_long, &longest),
        ] {
            let problem = check_election(bad).unwrap_err();
            assert_eq!(proposal(&problem), correction, "{bad:?}");
            assert!(problem.contains("253 characters") && problem.contains("lower-case"), "{problem}");
        }
        assert!(check_election("Billing_Jobs").unwrap_err().starts_with("\"Billing_Jobs\" cannot be"));
    }

    #[test]
    fn namespaces() {
        let longest = "n".repeat(63);
        for good in ["default", "team-7", "7", &longest] {
            assert_eq!(check_namespace(good), Ok(()), "{good:?}");
        }
        let too_long = "n".repeat(64);
        for (bad, correction) in [
            ("Team_7", "team-7"),
            ("team.billing", "team-billing"),
            ("-team", "team"),
            ("team-", "team"),
            ("!", "default"),
            (&too_long, &longest),
        ] {
            let problem = check_namespace(bad).unwrap_err();
            assert_eq!(proposal(&problem), correction, "{bad:?}");
            assert!(problem.contains("63 characters"), "{problem}");
        }
    }

    #[test]
    fn instance_names() {
        let longest = "ü".repeat(200);
        for good in ["billing-7d9f8c6b5-x2x4z", "Hans' Rechner", "a_b", &longest] {
            assert_eq!(check_instance_name(good), Ok(()), "{good:?}");
        }
        let too_long = "x".repeat(201);
        for (bad, part) in [
            ("", "is empty"),
            ("pod\n", "control character"),
            ("a\u{7}b", "control"),
            (&too_long, "too long"),
        ] {
            let problem = check_instance_name(bad).unwrap_err();
            assert!(problem.contains(part) && problem.contains("CLUSTER_LEADER_INSTANCE_NAME"), "{problem}");
        }
    }

    #[test]
    fn names_of_deployments_pods() {
        for (pod, deployment) in [
            ("billing-7d9f8c6b5-x2x4z", Some("billing")),
            ("billing-jobs-7d9f8c6b5-x2x4z", Some("billing-jobs")),
            ("billing-0", None),
            ("billing-x2x4z", None),
            ("billing-7d9f8c6b5-x2x4", None),
            ("billing-7d9f8c6b5-apple", None),
            ("billing-banana-x2x4z", None),
            ("web-frontend-server", None),
            ("Billing-7d9f8c6b5-x2x4z", None),
            ("-7d9f8c6b5-x2x4z", None),
            ("", None),
        ] {
            assert_eq!(deployment_of(pod), deployment, "{pod:?}");
        }
    }

    proptest! {
        #[test]
        fn every_proposal_is_a_good_name(name in any::<String>(), long in "[a-zA-Z._-]{200,300}") {
            for name in [name, long] {
                if let Err(problem) = check_election(&name) {
                    prop_assert_eq!(check_election(proposal(&problem)), Ok(()));
                }
                if let Err(problem) = check_namespace(&name) {
                    prop_assert_eq!(check_namespace(proposal(&problem)), Ok(()));
                }
            }
        }
    }
}
