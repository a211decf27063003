//! G3, guarded writes: a write takes effect only on the version that it was decided on, and nobody
//! blanks or overwrites another's claim.

use election::{Identity, Record, Request, Version};

/// Whose the record was that a write replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nobody's, or there was none.
    Nobody,
    /// The writer's own, under its present or an earlier name.
    Writer,
    /// Another's, whose readers could be told yes at that instant.
    Leader,
    /// Another's, who did not lead then.
    Other,
}

/// Whether this write may have taken effect.
///
/// # Errors
/// Why not.
pub fn check_write(
    request: &Request,
    before: Option<&(Record, Version)>,
    holder: Holder,
    is_writer: impl Fn(&Identity) -> bool,
) -> Result<(), String> {
    let record = match (request, before) {
        (Request::Read, _) => return Ok(()),
        (Request::Create(record), None) => record,
        (Request::Create(_), Some(_)) => return Err("a create replaced a record".to_owned()),
        (Request::Update(_, guard), Some((_, version))) if guard != version => {
            return Err(format!("a write decided on @{} replaced @{}", guard.number, version.number));
        }
        (Request::Update(record, _), _) => record,
    };
    match (&record.holder, holder) {
        (Some(written), _) if !is_writer(written) => {
            Err(format!("it wrote {written} into the record, which is not its name"))
        }
        (Some(_), Holder::Leader) => Err("it overwrote the claim of somebody who led".to_owned()),
        (None, Holder::Leader | Holder::Other) => Err("it blanked another's claim".to_owned()),
        _ => Ok(()),
    }
}

/// Whether an update that is sent names the newest version known to its sender.
///
/// # Errors
/// It does not.
pub fn check_guard(request: &Request, newest_known: Option<&Version>) -> Result<(), String> {
    match request {
        Request::Update(_, guard) if Some(guard) != newest_known => {
            Err(format!("an update of {guard:?}, while the newest that it knows is {newest_known:?}"))
        }
        Request::Create(_) if newest_known.is_some() => {
            Err(format!("a create, while it knows of a record, {newest_known:?}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: u64) -> Version {
        Version { uid: "object".into(), number }
    }

    fn held(holder: Option<&str>) -> Record {
        Record { holder: holder.map(Identity::from), ..Record::default() }
    }

    fn checked(request: &Request, holder: Holder) -> bool {
        let before = (held(None), version(5));
        check_write(request, Some(&before), holder, |identity| identity.as_str() == "us").is_ok()
    }

    #[test]
    fn g3_a_write_replaces_the_version_it_names_or_nothing() {
        let ours = || held(Some("us"));
        assert!(checked(&Request::Update(ours(), version(5)), Holder::Nobody));
        assert!(!checked(&Request::Update(ours(), version(4)), Holder::Nobody), "another version");
        let elsewhere = Version { uid: "another".into(), number: 5 };
        assert!(!checked(&Request::Update(ours(), elsewhere), Holder::Nobody), "another object");
        assert!(!checked(&Request::Create(ours()), Holder::Nobody), "there was one");
        assert!(check_write(&Request::Create(ours()), None, Holder::Nobody, |_| true).is_ok());
    }

    #[test]
    fn g3_nobody_blanks_or_overwrites_anothers_claim() {
        let release = Request::Update(held(None), version(5));
        let claim = Request::Update(held(Some("us")), version(5));
        assert!(checked(&release, Holder::Writer) && checked(&claim, Holder::Writer));
        assert!(!checked(&release, Holder::Other) && checked(&claim, Holder::Other));
        assert!(!checked(&release, Holder::Leader) && !checked(&claim, Holder::Leader));
        assert!(!checked(&Request::Update(held(Some("them")), version(5)), Holder::Nobody));
    }

    #[test]
    fn g3_an_update_names_the_newest_version_known() {
        let update = Request::Update(held(None), version(5));
        assert!(check_guard(&update, Some(&version(5))).is_ok());
        assert!(check_guard(&update, Some(&version(6))).is_err());
        assert!(check_guard(&update, None).is_err());
        assert!(check_guard(&Request::Create(held(None)), Some(&version(6))).is_err());
        assert!(check_guard(&Request::Create(held(None)), None).is_ok());
    }
}
