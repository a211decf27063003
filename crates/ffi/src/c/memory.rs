//! Reading the caller's memory, and writing into it.

use std::ffi::{CStr, c_char};
use std::mem::{MaybeUninit, offset_of};
use std::ptr;

use cluster_leader::{Options, Setting, Status};

use super::types::{CLUSTER_LEADER_HEARTBEAT_OFF, OptionsStruct, State, StatusStruct};
use crate::problem::{Outcome, Problem};

/// No struct will ever grow so much: such a size was not set at all.
const MUCH: usize = 16;

pub(super) fn bad(argument: String) -> Box<Problem> {
    Problem::Argument(argument).into()
}

pub(super) fn null(what: &str) -> Box<Problem> {
    bad(format!("{what} is NULL: pass the address of one"))
}

/// Writes to where the caller wants it.
///
/// # Safety
/// `place` is NULL or can be written.
pub(super) unsafe fn put<T>(place: *mut T, value: T, what: &str) -> Outcome<()> {
    if place.is_null() {
        return Err(null(what));
    }
    // SAFETY: not NULL, and the caller promises the rest.
    unsafe { place.write(value) };
    Ok(())
}

/// What an options struct says.
///
/// # Safety
/// `options` is NULL or points to a struct that begins with its size and has it; its texts are
/// NULL or end with a NUL.
pub(super) unsafe fn options(options: *const OptionsStruct) -> Outcome<Options> {
    if options.is_null() {
        return Ok(Options::new());
    }
    // SAFETY: passed on.
    let given = unsafe { sized(options)? };
    let mut read = Options::new();
    for (setting, name, text) in [
        (Setting::Election, "election", given.election),
        (Setting::Namespace, "namespace_", given.namespace_),
        (Setting::InstanceName, "instance_name", given.instance_name),
        (Setting::Store, "store", given.store),
        (Setting::WatchPods, "watch_pods", given.watch_pods),
        (Setting::TerminationLog, "termination_log", given.termination_log),
        (Setting::WaitUntilReady, "wait_until_ready", given.wait_until_ready),
    ] {
        if !text.is_null() {
            let origin = format!("cluster_leader_options.{name}");
            // SAFETY: not NULL, so it ends with a NUL, as the caller promises.
            let text = unsafe { CStr::from_ptr(text) };
            let text = text
                .to_str()
                .map_err(|_| bad(format!("{origin}: {text:?} is not UTF-8 text, as it must be")))?;
            read = read.set(setting, text, &origin)?;
        }
    }
    for (setting, name, milliseconds) in [
        (Setting::LeaseDuration, "lease_duration_ms", given.lease_duration_ms),
        (Setting::RenewDeadline, "renew_deadline_ms", given.renew_deadline_ms),
        (Setting::RetryPeriod, "retry_period_ms", given.retry_period_ms),
        (Setting::Heartbeat, "heartbeat_ms", given.heartbeat_ms),
    ] {
        let off = setting == Setting::Heartbeat && milliseconds == CLUSTER_LEADER_HEARTBEAT_OFF;
        let text = match milliseconds {
            0 => continue,
            _ if off => "0".to_owned(),
            _ => format!("{milliseconds}ms"),
        };
        read = read.set(setting, &text, &format!("cluster_leader_options.{name}"))?;
    }
    Ok(read)
}

/// Copies a struct of which the caller may know fewer fields than this library, or more.
///
/// # Safety
/// As for [`options`], and not NULL.
unsafe fn sized(options: *const OptionsStruct) -> Outcome<OptionsStruct> {
    /// As much every program knows.
    const FIRST: usize = offset_of!(OptionsStruct, wait_until_ready) + size_of::<*const c_char>();
    // SAFETY: passed on; fields that the caller does not know are NULL or 0, which says nothing.
    match unsafe { read_known(options, FIRST) } {
        Ok(copy) => Ok(copy),
        Err(Misfit::Size(size)) => Err(bad(format!(
            "cluster_leader_options.size is {size}, not sizeof(cluster_leader_options): begin with \
             CLUSTER_LEADER_OPTIONS_INIT"
        ))),
        Err(Misfit::Unknown) => Err(bad(format!(
            "cluster_leader_options has a setting that this version of the library ({}) does not know: the \
             program was made for a newer one. Load that, or leave the setting out",
            env!("CARGO_PKG_VERSION")
        ))),
    }
}

/// Why a struct of the caller's cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// It never had this size.
    Size(usize),
    /// Something is set in it that this library does not know.
    Unknown,
}

/// A copy of a struct that begins with its size. What an older program's is too short for is all zeroes;
/// beyond what this library knows a newer program's must be.
///
/// # Safety
/// `given` points to a struct that begins with its size, and has it. A `T` may have any bits.
pub(super) unsafe fn read_known<T>(given: *const T, first: usize) -> Result<T, Misfit> {
    let ours = size_of::<T>();
    // SAFETY: the struct begins with its size.
    let size = unsafe { given.cast::<usize>().read() };
    if !(first..MUCH * ours).contains(&size) {
        return Err(Misfit::Size(size));
    }
    let mut copy = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller's struct has `size` bytes and ours `ours`; they do not overlap, and any bits
    // are a `T`.
    let copy = unsafe {
        ptr::copy_nonoverlapping(given.cast::<u8>(), copy.as_mut_ptr().cast(), size.min(ours));
        copy.assume_init()
    };
    // SAFETY: within the caller's struct.
    if (ours..size).any(|byte| unsafe { given.cast::<u8>().add(byte).read() } != 0) {
        return Err(Misfit::Unknown);
    }
    Ok(copy)
}

/// Writes a struct that begins with its size over one of the caller's: as much as that has room for, and
/// zeroes where that has more. An error is its size, if it never had that.
///
/// # Safety
/// `place` points to a struct that begins with its size, has it, and can be written.
pub(super) unsafe fn write_known<T>(
    place: *mut T,
    first: usize,
    value: impl FnOnce(usize) -> T,
) -> Result<(), usize> {
    let ours = size_of::<T>();
    // SAFETY: the struct begins with its size.
    let size = unsafe { place.cast::<usize>().read() };
    if !(first..MUCH * ours).contains(&size) {
        return Err(size);
    }
    let value = value(size);
    // SAFETY: the caller's struct has `size` bytes and ours `ours`; they do not overlap.
    unsafe {
        ptr::copy_nonoverlapping((&raw const value).cast::<u8>(), place.cast::<u8>(), size.min(ours));
        if size > ours {
            ptr::write_bytes(place.cast::<u8>().add(ours), 0, size - ours);
        }
    }
    Ok(())
}

/// Writes a status to where the caller wants it.
///
/// # Safety
/// `place` is NULL or points to a struct that begins with its size, has it, and can be written.
pub(super) unsafe fn put_status(place: *mut StatusStruct, status: impl FnOnce() -> Status) -> Outcome<()> {
    /// As much every program knows.
    const FIRST: usize = offset_of!(StatusStruct, last_problem) + size_of::<[c_char; 1024]>();
    if place.is_null() {
        return Err(null("the cluster_leader_status_t"));
    }
    // SAFETY: not NULL, and the caller promises the rest.
    unsafe { write_known(place, FIRST, |size| StatusStruct::of(size, &status())) }.map_err(|size| {
        bad(format!(
            "cluster_leader_status_t.size is {size}: set it to sizeof(cluster_leader_status_t) before the call"
        ))
    })
}

impl StatusStruct {
    fn of(size: usize, status: &Status) -> Self {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            size,
            version: status.version,
            remaining_ms: u64::try_from(status.remaining.as_millis()).unwrap_or(u64::MAX),
            fencing_token: status.fencing_token.unwrap_or(0),
            state: State::from(status.state),
            term: status.term.unwrap_or(-1),
            leading: status.leading,
            election: text(&status.election),
            place: text(&status.place),
            instance_name: text(&status.instance_name),
            identity: text(&status.identity),
            leader: text(&optional(&status.leader)),
            leader_identity: text(&optional(&status.leader_identity)),
            last_problem: text(&optional(&status.last_problem)),
        }
    }
}

impl From<cluster_leader::State> for State {
    fn from(state: cluster_leader::State) -> Self {
        match state {
            cluster_leader::State::Following => Self::Following,
            cluster_leader::State::Leading => Self::Leading,
            cluster_leader::State::Stopped => Self::Stopped,
            _ => Self::Starting,
        }
    }
}

/// A text in a buffer: cut where a character ends, and with a NUL after it.
fn text<const N: usize>(text: &str) -> [c_char; N] {
    let mut buffer = [0; N];
    let end = (0..N.min(text.len() + 1)).rfind(|end| text.is_char_boundary(*end)).unwrap_or(0);
    for (place, byte) in buffer.iter_mut().zip(text.as_bytes().iter().take(end)) {
        *place = c_char::from_ne_bytes([*byte]);
    }
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A struct of which the first programs knew only `old`.
    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Grown {
        size: usize,
        old: u64,
        new: u64,
    }

    const FIRST: usize = offset_of!(Grown, new);
    const OURS: usize = size_of::<Grown>();

    /// A program's struct: as large as it says, and then memory that is none of ours.
    #[repr(C)]
    struct Given {
        known: Grown,
        beyond: [u64; 2],
    }

    fn given(size: usize, beyond: u64) -> Given {
        Given { known: Grown { size, old: 7, new: 8 }, beyond: [beyond, u64::MAX] }
    }

    #[test]
    fn structs_of_older_and_newer_programs_are_read() {
        for (who, size, beyond, read) in [
            ("a program of today", OURS, u64::MAX, Ok((7, 8))),
            ("an older one: what it has behind the struct is not looked at", FIRST, u64::MAX, Ok((7, 0))),
            ("a newer one that uses nothing new", OURS + 8, 0, Ok((7, 8))),
            ("a newer one that does", OURS + 8, 1 << 56, Err(Misfit::Unknown)),
            ("no program", FIRST - 1, 0, Err(Misfit::Size(FIRST - 1))),
            ("nor this", MUCH * OURS, 0, Err(Misfit::Size(MUCH * OURS))),
        ] {
            let given = given(size, beyond);
            // SAFETY: it has the size that it says, or one that is refused; a `Grown` may have any bits.
            let copy = unsafe { read_known((&raw const given).cast::<Grown>(), FIRST) };
            assert_eq!(copy.map(|copy| (copy.old, copy.new)), read, "{who}");
        }
    }

    #[test]
    fn structs_of_older_and_newer_programs_are_written() {
        const NOT_OURS: u64 = u64::MAX;
        for (who, size, written) in [
            ("a program of today", OURS, Ok([1, 2, NOT_OURS, NOT_OURS])),
            ("an older one", FIRST, Ok([1, 8, NOT_OURS, NOT_OURS])),
            ("a newer one", OURS + 8, Ok([1, 2, 0, NOT_OURS])),
            ("no program", FIRST - 1, Err(FIRST - 1)),
        ] {
            let mut given = given(size, NOT_OURS);
            // SAFETY: it has the size that it says, or one that is refused.
            let done = unsafe {
                write_known((&raw mut given).cast::<Grown>(), FIRST, |size| Grown { size, old: 1, new: 2 })
            };
            let is = [given.known.old, given.known.new, given.beyond[0], given.beyond[1]];
            assert_eq!(done.map(|()| is), written, "{who}");
            assert_eq!(given.known.size, size, "{who}");
        }
    }
}
