//! The ledger.

use std::ffi::{CStr, c_char};
use std::mem::offset_of;
use std::ptr;
use std::time::Duration;

use cluster_leader::{Elector, Entry};

use super::error::carry_out;
use super::functions::bounded;
use super::memory::{self, Misfit};
use super::types::{CLUSTER_LEADER_LEDGER_BYTES, Handle, LedgerEntryStruct, ResultCode};
use crate::handles;
use crate::problem::Outcome;

/// As much of an entry every program knows.
const FIRST: usize = offset_of!(LedgerEntryStruct, bytes) + CLUSTER_LEADER_LEDGER_BYTES;

/// Reads what is noted under a name in the election's ledger: what leaders leave to their
/// successors, in the record itself.
///
/// Everybody may read it: the leader what it has noted, whether or not that is written yet; others
/// what the newest record says that they have seen. On CLUSTER_LEADER_OK *found says whether there
/// is an entry; if so, it is in *entry, whose size the caller has set. Otherwise *entry is unchanged.
///
/// That there is none means that nothing was noted only if cluster_leader_ledger_json() says that the
/// state is "known".
///
/// Threads: any. Blocks: no.
/// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_ARGUMENT if a pointer is NULL, the name is
/// not UTF-8 or the entry's size is not set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_leader_ledger_get(
    handle: Handle,
    name: *const c_char,
    entry: *mut LedgerEntryStruct,
    found: *mut bool,
) -> ResultCode {
    carry_out(|| {
        // SAFETY: the caller's promise, passed on.
        unsafe { memory::put(found, false, "found") }?;
        // SAFETY: as above.
        let name = unsafe { text(name) }?;
        let known = handles::ask_open(handle, |elector| elector.ledger().get(&name))?;
        let is_found = known.is_some();
        if let Some(known) = known {
            // SAFETY: as above.
            unsafe { put_entry(entry, &known) }?;
        }
        // SAFETY: as above.
        unsafe { memory::put(found, is_found, "found") }
    })
}

/// Notes an entry under a name, in place of what was there.
///
/// It is written with the leader's next renewal (half a renew deadline later at most) or with its
/// release, whichever comes first, or by cluster_leader_ledger_flush(). Every later leader then has it
/// when it is first told that it leads. The ledger is for a few bytes on each of some hundred jobs:
/// 64 KiB in all, of which a short entry takes about 22 bytes; whoever may read the record may read it.
///
/// On an error nothing has changed.
///
/// Threads: any. Blocks: no.
/// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_NOT_LEADING; CLUSTER_LEADER_ERROR_FULL;
/// CLUSTER_LEADER_ERROR_ARGUMENT if a pointer is NULL, the name is not UTF-8, or the entry's size is not
/// set or its length is above CLUSTER_LEADER_LEDGER_BYTES.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_leader_ledger_set(
    handle: Handle,
    name: *const c_char,
    entry: *const LedgerEntryStruct,
) -> ResultCode {
    carry_out(|| {
        // SAFETY: the caller's promise, passed on.
        let name = unsafe { text(name) }?;
        // SAFETY: as above.
        let entry = unsafe { read_entry(entry) }?;
        Ok(handles::ask_open(handle, |elector| elector.ledger().set(&name, entry))??)
    })
}

/// Notes nothing under a name any more; if nothing was, that is no error.
///
/// Threads: any. Blocks: no.
/// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_NOT_LEADING; CLUSTER_LEADER_ERROR_ARGUMENT
/// if the name is NULL or not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_leader_ledger_remove(handle: Handle, name: *const c_char) -> ResultCode {
    carry_out(|| {
        // SAFETY: the caller's promise, passed on.
        let name = unsafe { text(name) }?;
        handles::ask_open(handle, |elector| elector.ledger().remove(&name))??;
        Ok(())
    })
}

/// Has everything written that was noted before this call, and waits for that. Flushes of many threads
/// share a write; there are two a second at most.
///
/// CLUSTER_LEADER_OK: the store has acknowledged it; no later leader begins without it.
///
/// Threads: any. Blocks: yes, for timeout_ms at most: a round trip as a rule, up to half a second more
/// if another flush has just been written. UINT64_MAX: as long as it takes.
/// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_NOT_LEADING: nothing was sent for it;
/// CLUSTER_LEADER_ERROR_UNANSWERED: it may have been written, or may be yet, or not.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_leader_ledger_flush(handle: Handle, timeout_ms: u64) -> ResultCode {
    carry_out(|| {
        let flush = |elector: &Elector| elector.ledger().flush(bounded(timeout_ms));
        Ok(handles::ask_open(handle, flush)??)
    })
}

/// Writes the whole ledger to buffer, as JSON in UTF-8 with a NUL at its end:
///
///     {"state": "known", "handed_over": false, "bytes": 24, "most_bytes": 65536, "entries": [{"name": "mail",
///      "key": "Ax49AqYR", "started_ms_ago": 1500, "ended_ms_ago": null, "bytes": "AQI"}]}
///
/// state is "known" if it says what earlier leaders have done; "empty" if no ledger has been seen yet; "lost" if
/// there was one and another elector has dropped it, or the record was deleted; "unreadable" if this
/// version cannot read it (it is then given as "unreadable"). handed_over is true if the leader before stepped down and its process
/// went on, and nothing was noted since: what it had begun may still be under way. A name that this process has not used itself
/// is null; its key is a hash of it. bytes are in base 64, with the letters for URLs.
///
/// *length is how long the text is, without the NUL, on CLUSTER_LEADER_OK and where the buffer is too
/// small. With a size of 0 buffer may be NULL: that asks for the length alone.
///
/// Threads: any. Blocks: no.
/// Errors: CLUSTER_LEADER_ERROR_HANDLE; CLUSTER_LEADER_ERROR_ARGUMENT if a pointer is NULL or the buffer
/// is too small; it is unchanged then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_leader_ledger_json(
    handle: Handle,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> ResultCode {
    carry_out(|| {
        let json = handles::ask_open(handle, |elector| elector.ledger().to_json())?;
        // SAFETY: the caller's promise, passed on.
        unsafe { memory::put(length, json.len(), "length") }?;
        if size == 0 {
            return Ok(());
        }
        if buffer.is_null() {
            return Err(memory::null("buffer"));
        }
        if size <= json.len() {
            return Err(memory::bad(format!(
                "size is {size}, and the ledger has {} bytes and a NUL: pass a buffer of so many",
                json.len()
            )));
        }
        // SAFETY: the caller's buffer has room for the text and its NUL, and they do not overlap.
        unsafe {
            ptr::copy_nonoverlapping(json.as_ptr(), buffer.cast(), json.len());
            buffer.add(json.len()).write(0);
        }
        Ok(())
    })
}

/// A name that the caller gives.
///
/// # Safety
/// `name` is NULL or ends with a NUL.
unsafe fn text(name: *const c_char) -> Outcome<String> {
    if name.is_null() {
        return Err(memory::null("name"));
    }
    // SAFETY: not NULL, and the caller promises the rest.
    let name = unsafe { CStr::from_ptr(name) };
    let name =
        name.to_str().map_err(|_| memory::bad(format!("name: {name:?} is not UTF-8 text, as it must be")))?;
    Ok(name.to_owned())
}

/// # Safety
/// `entry` is NULL or points to a struct that begins with its size, and has it.
unsafe fn read_entry(entry: *const LedgerEntryStruct) -> Outcome<Entry> {
    if entry.is_null() {
        return Err(memory::null("the cluster_leader_ledger_entry"));
    }
    // SAFETY: not NULL, and the caller promises the rest; any bits are an entry.
    let given = unsafe { memory::read_known(entry, FIRST) }.map_err(|misfit| match misfit {
        Misfit::Size(size) => bad_size(size),
        Misfit::Unknown => memory::bad(format!(
            "cluster_leader_ledger_entry has a field that this version of the library ({}) does not know: load a \
             newer one, or leave the field out",
            env!("CARGO_PKG_VERSION")
        )),
    })?;
    let age = |milliseconds: i64| u64::try_from(milliseconds).ok().map(Duration::from_millis);
    let Some(bytes) = given.bytes.get(..given.length) else {
        return Err(memory::bad(format!(
            "cluster_leader_ledger_entry.length is {}: {CLUSTER_LEADER_LEDGER_BYTES} bytes are the most",
            given.length
        )));
    };
    Ok(Entry { started: age(given.started_ms_ago), ended: age(given.ended_ms_ago), bytes: bytes.to_vec() })
}

/// # Safety
/// `place` is NULL or points to a struct that begins with its size, has it, and can be written.
unsafe fn put_entry(place: *mut LedgerEntryStruct, entry: &Entry) -> Outcome<()> {
    if place.is_null() {
        return Err(memory::null("the cluster_leader_ledger_entry"));
    }
    let millis =
        |age: Option<Duration>| age.map_or(-1, |age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    let mut bytes = [0; CLUSTER_LEADER_LEDGER_BYTES];
    for (place, byte) in bytes.iter_mut().zip(&entry.bytes) {
        *place = *byte;
    }
    let of_size = |size| LedgerEntryStruct {
        size,
        started_ms_ago: millis(entry.started),
        ended_ms_ago: millis(entry.ended),
        length: entry.bytes.len(),
        bytes,
    };
    // SAFETY: not NULL, and the caller promises the rest.
    unsafe { memory::write_known(place, FIRST, of_size) }.map_err(bad_size)
}

fn bad_size(size: usize) -> Box<crate::problem::Problem> {
    memory::bad(format!(
        "cluster_leader_ledger_entry.size is {size}: set it to sizeof(cluster_leader_ledger_entry) before the call"
    ))
}
