//! The native methods of the ledger.

use std::time::Duration;

use cluster_leader::{Entry, Error};
use jni::Env;
use jni::objects::{JByteArray, JClass, JObjectArray, JString};
use jni::sys::{jboolean, jlong};

use super::natives::{Strings, nanos};
use super::throwing::{Throw, Thrown};
use crate::c::apart;
use crate::handles;

native! { static extern fn ledger_get(handle: jlong, name: JString) -> JString[] }
native! { static extern fn ledger_entries(handle: jlong) -> JString[] }
native! { static extern fn ledger_state(handle: jlong) -> JString }
native! { static extern fn ledger_is_handed_over(handle: jlong) -> jboolean }
native! { static extern fn ledger_json(handle: jlong) -> JString }
native! {
    static extern fn ledger_put(handle: jlong, name: JString, started: jlong, ended: jlong, bytes: jbyte[]) -> jboolean
}
native! { static extern fn ledger_remove(handle: jlong, name: JString) -> jboolean }
native! { static extern fn ledger_flush(handle: jlong, nanos: jlong) -> jboolean }

fn ledger_get<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
    name: JString<'local>,
) -> Result<Strings<'local>, Thrown> {
    let name = name.try_to_string(env)?;
    let entry = handles::ask(handle.cast_unsigned(), |elector| elector.ledger().get(&name)).flatten();
    quadruples(env, entry.map(|entry| (name, entry)).into_iter().collect())
}

fn ledger_entries<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
) -> Result<Strings<'local>, Thrown> {
    let entries = handles::ask(handle.cast_unsigned(), |elector| elector.ledger().entries());
    quadruples(env, entries.unwrap_or_default())
}

fn ledger_state<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
) -> Result<JString<'local>, Thrown> {
    let state = handles::ask(handle.cast_unsigned(), |elector| elector.ledger().state());
    Ok(JString::new(env, state.unwrap_or_default().name())?)
}

fn ledger_is_handed_over<'local>(
    _env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
) -> Result<jboolean, Thrown> {
    Ok(handles::ask(handle.cast_unsigned(), |elector| elector.ledger().is_handed_over()).unwrap_or(false))
}

fn ledger_json<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
) -> Result<JString<'local>, Thrown> {
    let json = handles::ask(handle.cast_unsigned(), |elector| elector.ledger().to_json());
    Ok(JString::new(env, json.as_deref().unwrap_or("{}"))?)
}

/// Whether it was noted; `false`: this process does not lead.
fn ledger_put<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
    name: JString<'local>,
    started: jlong,
    ended: jlong,
    bytes: JByteArray<'local>,
) -> Result<jboolean, Thrown> {
    let name = name.try_to_string(env)?;
    let bytes = env.convert_byte_array(&bytes)?;
    let age = |nanos: jlong| u64::try_from(nanos).ok().map(Duration::from_nanos);
    let entry = Entry { started: age(started), ended: age(ended), bytes };
    let put = handles::ask(handle.cast_unsigned(), |elector| elector.ledger().set(&name, entry));
    if_leading(put.map(|put| put.map(|()| true)))
}

/// Whether there was one that is there no more.
fn ledger_remove<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
    name: JString<'local>,
) -> Result<jboolean, Thrown> {
    let name = name.try_to_string(env)?;
    if_leading(handles::ask(handle.cast_unsigned(), |elector| elector.ledger().remove(&name)))
}

/// Whether it was acknowledged.
fn ledger_flush<'local>(
    _env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
    nanos: jlong,
) -> Result<jboolean, Thrown> {
    let timeout = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
    let flush = || handles::ask(handle.cast_unsigned(), |elector| elector.ledger().flush(timeout));
    match apart(flush) {
        Some(Err(Error::Unanswered(_))) => Ok(false),
        flushed => if_leading(flushed.map(|flushed| flushed.map(|()| true))),
    }
}

/// Who does not lead, or has closed the election, is answered no.
fn if_leading(answer: Option<Result<bool, Error>>) -> Result<jboolean, Thrown> {
    match answer {
        Some(Err(Error::NotLeading)) | None => Ok(false),
        Some(answer) => Ok(answer?),
    }
}

/// Each entry's name, ages in nanoseconds (nothing if not known) and bytes in hexadecimal.
fn quadruples<'local>(
    env: &mut Env<'local>,
    entries: Vec<(String, Entry)>,
) -> Result<Strings<'local>, Thrown> {
    let array = JObjectArray::<JString>::new(env, entries.len() * 4, JString::null())?;
    let age = |age: Option<Duration>| age.map(|age| nanos(age).to_string()).unwrap_or_default();
    let quadruple = |(name, entry): (String, Entry)| {
        let hexadecimal = entry.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        [name, age(entry.started), age(entry.ended), hexadecimal]
    };
    for (index, text) in entries.into_iter().flat_map(quadruple).enumerate() {
        let text = JString::new(env, text)?;
        array.set_element(env, index, &text)?;
    }
    Ok(array)
}
