//! Reading the caller's memory, and writing into it.

use std::ffi::{CStr, c_char};
use std::mem::{MaybeUninit, offset_of};
use std::ptr;

use cluster_leader::{Options, Setting, Status};

use super::types::{CLUSTER_LEADER_HEARTBEAT_OFF, OptionsStruct, State, StatusStruct};
use crate::problem::{Outcome, Problem};

/// No struct will ever grow so much: such a size was not set at all.
const MUCH: usize = 16;

fn bad(argument: String) -> Box<Problem> {
    Problem::Argument(argument).into()
}

fn null(what: &str) -> Box<Problem> {
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
    const OURS: usize = size_of::<OptionsStruct>();
    /// As much every program knows.
    const FIRST: usize = offset_of!(OptionsStruct, wait_until_ready) + size_of::<*const c_char>();
    // SAFETY: the struct begins with its size.
    let size = unsafe { options.cast::<usize>().read() };
    if !(FIRST..MUCH * OURS).contains(&size) {
        return Err(bad(format!(
            "cluster_leader_options.size is {size}, not sizeof(cluster_leader_options): begin with \
             CLUSTER_LEADER_OPTIONS_INIT"
        )));
    }
    let mut copy = MaybeUninit::<OptionsStruct>::zeroed();
    // SAFETY: the caller's struct has `size` bytes and ours `OURS`; they do not overlap, and all
    // of its fields may have any bits.
    let copy = unsafe {
        ptr::copy_nonoverlapping(options.cast::<u8>(), copy.as_mut_ptr().cast(), size.min(OURS));
        copy.assume_init()
    };
    // A program made for a newer library may use only what this one knows too.
    // SAFETY: within the caller's struct.
    if (OURS..size).any(|byte| unsafe { options.cast::<u8>().add(byte).read() } != 0) {
        return Err(bad(format!(
            "cluster_leader_options has a setting that this version of the library ({}) does not know: the \
             program was made for a newer one. Load that, or leave the setting out",
            env!("CARGO_PKG_VERSION")
        )));
    }
    Ok(copy)
}

/// Writes a status to where the caller wants it.
///
/// # Safety
/// `place` is NULL or points to a struct that begins with its size, has it, and can be written.
pub(super) unsafe fn put_status(place: *mut StatusStruct, status: impl FnOnce() -> Status) -> Outcome<()> {
    const OURS: usize = size_of::<StatusStruct>();
    /// As much every program knows.
    const FIRST: usize = offset_of!(StatusStruct, last_problem) + size_of::<[c_char; 1024]>();
    if place.is_null() {
        return Err(null("the cluster_leader_status_t"));
    }
    // SAFETY: the struct begins with its size.
    let size = unsafe { place.cast::<usize>().read() };
    if !(FIRST..MUCH * OURS).contains(&size) {
        return Err(bad(format!(
            "cluster_leader_status_t.size is {size}: set it to sizeof(cluster_leader_status_t) before the call"
        )));
    }
    let status = StatusStruct::of(size, &status());
    // SAFETY: the caller's struct has `size` bytes and ours `OURS`; they do not overlap.
    unsafe {
        ptr::copy_nonoverlapping((&raw const status).cast::<u8>(), place.cast::<u8>(), size.min(OURS));
        if size > OURS {
            ptr::write_bytes(place.cast::<u8>().add(OURS), 0, size - OURS);
        }
    }
    Ok(())
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
