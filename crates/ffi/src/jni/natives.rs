//! What each native method does. `extern` makes the symbol that the JVM looks for.

use std::time::Duration;

use cluster_leader::{Change, ChangeKind, Elector, Options, Setting, State, Status};
use jni::objects::{JClass, JLongArray, JObjectArray, JString};
use jni::sys::{jboolean, jint, jlong};
use jni::{Env, EnvUnowned};

use super::throwing::{Throw, Thrown};
use crate::c::{self, apart};
use crate::handles::{self, Heart};
use crate::log;
use crate::problem::{Problem, catching};

pub(super) type Strings<'local> = JObjectArray<'local, JString<'local>>;

native! {
    // The hot path. A check in each call that the method is static would cost more than it tells.
    raw: abi_check = UnsafeNever, static raw extern fn is_leader(handle: jlong) -> jboolean
}
native! { static extern fn abi_version() -> jint }
native! { static extern fn version() -> JString }
native! { static extern fn start(settings: JString[]) -> jlong }
native! { static extern fn start_default(settings: JString[]) -> jlong }
native! { static extern fn is_leader_for(handle: jlong, nanos: jlong) -> jboolean }
native! { static extern fn remaining_nanos(handle: jlong) -> jlong }
native! { static extern fn verify(handle: jlong) -> jboolean }
native! { static extern fn beat(handle: jlong, healthy: jboolean) }
native! { static extern fn ready(handle: jlong) }
native! { static extern fn step_down(handle: jlong) }
native! { static extern fn stop(handle: jlong) }
native! { static extern fn status(handle: jlong) -> JString[] }
native! { static extern fn changes(handle: jlong, after: jlong) -> jlong[] }
native! { name = "await", static extern fn await_change(seen: jlong, timeout_millis: jlong) -> jlong }
native! { static extern fn set_log_level(level: JString) }
native! { static extern fn take_log() -> JString }

fn is_leader<'local>(_env: EnvUnowned<'local>, _class: JClass<'local>, handle: jlong) -> jboolean {
    matches!(catching(|| handles::ask(handle.cast_unsigned(), Elector::is_leader)), Ok(Some(true)))
}

fn abi_version<'local>(_env: &mut Env<'local>, _class: JClass<'local>) -> Result<jint, Thrown> {
    Ok(c::ABI_VERSION.cast_signed())
}

fn version<'local>(env: &mut Env<'local>, _class: JClass<'local>) -> Result<JString<'local>, Thrown> {
    Ok(JString::new(env, env!("CARGO_PKG_VERSION"))?)
}

fn start<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    settings: Strings<'local>,
) -> Result<jlong, Thrown> {
    log::install();
    let settings = texts(env, &settings)?;
    let options = options(&settings)?;
    Ok(apart(|| handles::start(options, heart(&settings)))?.cast_signed())
}

fn start_default<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    settings: Strings<'local>,
) -> Result<jlong, Thrown> {
    log::install();
    let settings = texts(env, &settings)?;
    Ok(apart(|| handles::start_default(|| options(&settings), heart(&settings)))?.cast_signed())
}

fn is_leader_for<'local>(
    _env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
    nanos: jlong,
) -> Result<jboolean, Thrown> {
    let duration = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
    match handles::ask(handle.cast_unsigned(), |elector| elector.is_leader_for(duration)) {
        Some(answer) => Ok(answer?),
        None => Ok(false),
    }
}

fn remaining_nanos<'local>(
    _env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
) -> Result<jlong, Thrown> {
    let remaining = handles::ask(handle.cast_unsigned(), Elector::remaining).unwrap_or_default();
    Ok(nanos(remaining))
}

fn verify<'local>(_env: &mut Env<'local>, _class: JClass<'local>, handle: jlong) -> Result<jboolean, Thrown> {
    Ok(apart(|| handles::ask_open(handle.cast_unsigned(), Elector::verify))??)
}

fn beat<'local>(
    _env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
    healthy: jboolean,
) -> Result<(), Thrown> {
    handles::ask(handle.cast_unsigned(), |elector| {
        elector.beat();
        elector.set_healthy(healthy);
    });
    Ok(())
}

fn ready<'local>(_env: &mut Env<'local>, _class: JClass<'local>, handle: jlong) -> Result<(), Thrown> {
    apart(|| handles::ask(handle.cast_unsigned(), Elector::ready));
    Ok(())
}

fn step_down<'local>(_env: &mut Env<'local>, _class: JClass<'local>, handle: jlong) -> Result<(), Thrown> {
    apart(|| handles::ask(handle.cast_unsigned(), Elector::step_down));
    Ok(())
}

fn stop<'local>(_env: &mut Env<'local>, _class: JClass<'local>, handle: jlong) -> Result<(), Thrown> {
    match apart(|| handles::stop(handle.cast_unsigned())) {
        Err(problem) if !matches!(*problem, Problem::Handle(_)) => Err(problem.into()),
        _ => Ok(()),
    }
}

fn status<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
) -> Result<Strings<'local>, Thrown> {
    let Some(status) = handles::ask(handle.cast_unsigned(), Elector::status) else {
        return Ok(Strings::default());
    };
    let texts = status_texts(status);
    let array = JObjectArray::<JString>::new(env, texts.len(), JString::null())?;
    for (index, text) in texts.into_iter().enumerate() {
        if let Some(text) = text {
            let text = JString::new(env, text)?;
            array.set_element(env, index, &text)?;
        }
    }
    Ok(array)
}

fn changes<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    handle: jlong,
    after: jlong,
) -> Result<JLongArray<'local>, Thrown> {
    let changes = handles::ask(handle.cast_unsigned(), |elector| elector.changes(after.cast_unsigned()));
    let changes = changes.unwrap_or_default();
    let numbers: Vec<jlong> = changes.iter().filter_map(change_numbers).flatten().collect();
    let array = env.new_long_array(numbers.len())?;
    array.set_region(env, 0, &numbers)?;
    Ok(array)
}

fn await_change<'local>(
    _env: &mut Env<'local>,
    _class: JClass<'local>,
    seen: jlong,
    timeout_millis: jlong,
) -> Result<jlong, Thrown> {
    handles::beat_for_java();
    log::keep_for_java();
    let timeout = match u64::try_from(timeout_millis) {
        Ok(millis) if !log::is_waiting() => Duration::from_millis(millis),
        _ => Duration::ZERO,
    };
    Ok(cluster_leader::wait_for_any_change(seen.cast_unsigned(), timeout).cast_signed())
}

fn set_log_level<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    level: JString<'local>,
) -> Result<(), Thrown> {
    let name = level.try_to_string(env)?;
    let finest = name.parse().map_err(|_| bad_setting(name, "no log level has this name"))?;
    log::set_finest(finest);
    Ok(())
}

fn take_log<'local>(env: &mut Env<'local>, _class: JClass<'local>) -> Result<JString<'local>, Thrown> {
    match log::take() {
        Some(line) => Ok(JString::new(env, line)?),
        None => Ok(JString::default()),
    }
}

// ---- between Java's values and ours ---------------------------------------------------------

fn texts<'local>(env: &mut Env<'local>, array: &Strings<'local>) -> Result<Vec<String>, Thrown> {
    let mut texts = Vec::new();
    for index in 0..array.len(env)? {
        let text = array.get_element(env, index)?;
        texts.push(text.try_to_string(env)?);
    }
    Ok(texts)
}

/// The key that says that the program checks its health. Only programs can, so it is no setting.
const HEALTH_CHECK: &str = "health-check";

/// Whoever checks an election's health gives its signs of life too: one that hangs gives none.
fn heart(settings: &[String]) -> Heart {
    let is_checked = |triple: &[String]| triple.first().is_some_and(|key| key == HEALTH_CHECK);
    if settings.chunks(3).any(is_checked) { Heart::Host } else { Heart::Java }
}

/// Settings come as triples: key, value, origin.
fn options(settings: &[String]) -> Result<Options, cluster_leader::Error> {
    let mut options = Options::new().heartbeat_by_default();
    for triple in settings.chunks(3) {
        let [key, value, origin] = triple else {
            return Err(bad_setting(triple.join(", "), "a key, a value and an origin belong together"));
        };
        if key == HEALTH_CHECK {
            options = options.health_checked();
            continue;
        }
        let property = format!("cluster-leader.{key}");
        let setting = Setting::ALL.into_iter().find(|setting| setting.property() == property);
        let setting = setting.ok_or_else(|| bad_setting(key.clone(), "no setting has this key"))?;
        options = options.set(setting, value, origin)?;
    }
    Ok(options)
}

/// The jar and the library do not fit together.
fn bad_setting(name: String, problem: &str) -> cluster_leader::Error {
    cluster_leader::Error::Configuration {
        name,
        problem: format!("{problem}: use the jar and the native library of one version"),
    }
}

fn status_texts(status: Status) -> [Option<String>; 16] {
    let state = match status.state {
        State::Following => "following",
        State::Leading => "leading",
        State::Stopped => "stopped",
        _ => "starting",
    };
    [
        Some(status.election),
        Some(status.place),
        Some(status.instance_name),
        Some(status.identity),
        Some(state.to_owned()),
        Some(status.leading.to_string()),
        Some(nanos(status.remaining).to_string()),
        status.leader,
        status.leader_identity,
        status.term.map(|term| term.to_string()),
        status.fencing_token.map(|token| token.to_string()),
        status.last_problem,
        Some(nanos(status.problem_for).to_string()),
        Some(status.renewals.count.to_string()),
        Some(nanos(status.renewals.last_took).to_string()),
        Some(nanos(status.renewals.took).to_string()),
    ]
}

/// Number, kind, token, detail.
fn change_numbers(change: &Change) -> Option<[jlong; 4]> {
    let (kind, token, detail) = match &change.kind {
        ChangeKind::Acquired { token, term } => (1, *token, jlong::from(*term)),
        ChangeKind::Lost { token, reason } => (2, *token, jlong::from(*reason as u8) + 1),
        ChangeKind::LeaderChanged { .. } => (3, 0, 0),
        _ => return None,
    };
    Some([change.number.cast_signed(), kind, token.cast_signed(), detail])
}

pub(super) fn nanos(duration: Duration) -> jlong {
    jlong::try_from(duration.as_nanos()).unwrap_or(jlong::MAX)
}

#[cfg(test)]
mod tests {
    use cluster_leader::LostReason;

    use super::*;

    #[test]
    fn changes_as_java_counts_them() {
        for (kind, numbers) in [
            (ChangeKind::Acquired { token: 7, term: 3 }, [1, 7, 3]),
            (ChangeKind::Lost { token: 7, reason: LostReason::Expired }, [2, 7, 1]),
            (ChangeKind::Lost { token: 7, reason: LostReason::Superseded }, [2, 7, 2]),
            (ChangeKind::Lost { token: 7, reason: LostReason::Blanked }, [2, 7, 3]),
            (ChangeKind::Lost { token: 7, reason: LostReason::Deleted }, [2, 7, 4]),
            (ChangeKind::Lost { token: 7, reason: LostReason::Coordinated }, [2, 7, 5]),
            (ChangeKind::Lost { token: 7, reason: LostReason::DuplicateIdentity }, [2, 7, 6]),
            (ChangeKind::Lost { token: 7, reason: LostReason::SteppedDown }, [2, 7, 7]),
            (ChangeKind::Lost { token: 7, reason: LostReason::Stopped }, [2, 7, 8]),
            (ChangeKind::Lost { token: 7, reason: LostReason::HostStuck }, [2, 7, 9]),
            (ChangeKind::Lost { token: 7, reason: LostReason::DriverFailed }, [2, 7, 10]),
            (ChangeKind::Lost { token: 7, reason: LostReason::Unhealthy }, [2, 7, 11]),
            (ChangeKind::LeaderChanged { leader: Some("pod-7".to_owned()) }, [3, 0, 0]),
        ] {
            let change = Change { number: 5, kind };
            let [kind, token, detail] = numbers;
            assert_eq!(change_numbers(&change), Some([5, kind, token, detail]), "{change:?}");
        }
    }

    #[test]
    fn settings_that_java_and_this_library_do_not_agree_on() {
        let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for key in ["election", "namespace", "instance-name", "store", "lease-duration", "heartbeat"] {
            let value = if key.ends_with("t") || key.ends_with("duration") { "15s" } else { "file" };
            assert!(options(&strings(&[key, value, "origin"])).is_ok(), "{key}");
        }
        let checked = strings(&["election", "billing", "origin", "health-check", "true", "origin"]);
        assert!(options(&checked).is_ok() && heart(&checked) == Heart::Host);
        assert_eq!(heart(&strings(&["election", "health-check", "origin"])), Heart::Java);
        for (settings, part) in [
            (strings(&["colour", "red", "origin"]), "colour: no setting has this key"),
            (strings(&["election", "billing"]), "election, billing: a key, a value and an origin"),
            (strings(&["lease-duration", "soon", "a property"]), "a property: \"soon\" is not a duration"),
        ] {
            let error = options(&settings).unwrap_err().to_string();
            assert!(error.starts_with(part), "{error}");
        }
    }
}
