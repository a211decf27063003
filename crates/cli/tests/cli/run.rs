//! `run`: a command in one place of all, gone before it is started in another.

use cluster_leader_tests_kubernetes::{Process, eventually, skipped};
use rustix::process::Signal;

use crate::world::{World, is_alive};

/// Nobody else can have the lock while the command, or what it has started, is alive.
const WITNESS: &str = "runs() { exec 9>\"$WITNESS\"; flock -n 9 || { echo OVERLAP; exit 99; }; \
                       echo runs $CLUSTER_LEADER_ELECTION $CLUSTER_LEADER_TERM $CLUSTER_LEADER_FENCING_TOKEN $$; }; ";

const QUICK: [&str; 6] = [
    "--lease-duration=3s",
    "--renew-deadline=2s",
    "--retry-period=500ms",
    "--election=job",
    "--grace",
    "10s",
];

fn start(world: &World, instance: &str, options: &[&str], script: &str) -> Process {
    let script = format!("{WITNESS}{script}");
    let mut command = world.command(instance, &["run"]);
    command.env("WITNESS", world.path("witness")).args(options).args(["--", "sh", "-c", &script]);
    Process::start(instance, &mut command)
}

/// What the command was told, once it runs: term, token and its process.
fn told(process: &Process, after: usize) -> (i32, u64, String) {
    process.await_line("the command runs", after, |line| {
        assert_ne!(line.text, "OVERLAP");
        let mut words = line.text.strip_prefix("runs job ")?.split(' ');
        let (term, token, pid) = (words.next()?, words.next()?, words.next()?);
        Some((term.parse().ok()?, token.parse().ok()?, pid.to_owned()))
    })
}

/// Who of them runs the command.
fn runner(processes: &[Process]) -> usize {
    eventually("somebody runs the command", || {
        processes.iter().position(|it| {
            it.line_count() > 0
                && it.with_lines(|lines| lines.iter().any(|line| line.text.starts_with("runs ")))
        })
    })
}

fn overlapped(process: &Process) -> bool {
    process.with_lines(|lines| lines.iter().any(|line| line.text == "OVERLAP"))
}

#[test]
fn one_of_three_runs_it_and_a_kill_moves_it_once_the_command_is_dead() {
    let world = World::new();
    let mut processes: Vec<_> = ["one", "two", "three"]
        .map(|name| start(&world, name, &["--election=job"], "runs; exec sleep 1000"))
        .into();
    let mut last = (-1, 0);
    for _ in 0..2 {
        let leader = processes.remove(runner(&processes));
        let (term, token, pid) = told(&leader, 0);
        assert!((term, token) > last && token > last.1, "{term} {token} after {last:?}");
        last = (term, token);
        assert!(processes.iter().all(|other| {
            !other.with_lines(|lines| lines.iter().any(|line| line.text.starts_with("runs ")))
        }));
        leader.kill();
        // Proven dead, without its lease being waited out.
        let next = runner(&processes);
        assert!(!is_alive(&pid), "the command of the dead leader");
        assert!(!overlapped(&processes[next]));
    }
}

#[test]
fn whoever_is_asked_to_end_ends_the_command_first_and_passes_its_exit_code_on() {
    let world = World::new();
    let first = start(
        &world,
        "first",
        &QUICK,
        "trap 'sleep 0.3; echo saved; exit 7' TERM; runs; while :; do sleep 0.05; done",
    );
    told(&first, 0);
    let second = start(&world, "second", &QUICK, "runs; exec sleep 1000");
    first.signal(Signal::TERM);
    let status = first.await_exit();
    assert_eq!(status.code(), Some(7));
    first.await_text("saved");
    told(&second, 0);
    second.signal(Signal::TERM);
    assert_eq!(second.await_exit().code(), Some(128 + 15));
}

#[test]
fn a_command_that_does_not_end_is_killed_after_the_grace_and_a_second_request_does_not_wait() {
    let world = World::new();
    for (grace, twice) in [("300ms", false), ("1h", true)] {
        let stubborn = start(
            &world,
            "stubborn",
            &["--election=job", "--grace", grace],
            "trap '' TERM; runs; while :; do sleep 0.05; done",
        );
        told(&stubborn, 0);
        stubborn.signal(Signal::TERM);
        if twice {
            stubborn.await_text("the command is to end");
            stubborn.signal(Signal::TERM);
        }
        assert_eq!(stubborn.await_exit().code(), Some(128 + 9), "grace {grace}");
    }
}

#[test]
fn signals_are_forwarded() {
    let world = World::new();
    let process = start(
        &world,
        "only",
        &["--election=job"],
        "trap 'echo usr1' USR1; trap 'echo hup' HUP; trap 'echo int; exit 0' INT; echo ready; while :; do sleep 0.05; done",
    );
    process.await_text("ready");
    for (signal, said) in [(Signal::USR1, "usr1"), (Signal::HUP, "hup"), (Signal::INT, "int")] {
        process.signal(signal);
        process.await_line(said, 0, |line| (line.text == said).then_some(()));
    }
    assert_eq!(process.await_exit().code(), Some(0));
}

#[test]
fn what_ended_by_itself_is_started_again_as_the_policy_says() {
    // How often the command is run until the whole ends, and how.
    for (policy, codes, runs, end) in [
        ("never", "3 0", 1, 3),
        ("on-failure", "3 0", 2, 0),
        ("on-failure", "0", 1, 0),
        ("always", "0 0", 3, 143),
    ] {
        let world = World::new();
        // The last of its runs stays until it is told to end.
        let script = format!(
            "runs; echo x >>\"$WITNESS.runs\"; n=$(wc -l <\"$WITNESS.runs\"); set -- {codes}; shift $((n - 1)) 2>/dev/null; \
             [ $# -gt 0 ] && exit $1; echo stays; exec sleep 1000"
        );
        let process = start(&world, policy, &["--election=job", "--restart", policy], &script);
        if policy == "always" {
            process.await_text("stays");
            process.signal(Signal::TERM);
        }
        assert_eq!(process.await_exit().code(), Some(end), "{policy} after {codes}");
        let counted =
            process.with_lines(|lines| lines.iter().filter(|it| it.text.starts_with("runs ")).count());
        assert_eq!(counted, runs, "{policy} after {codes}");
    }
}

#[test]
fn what_cannot_be_run_says_so_as_a_shell_does() {
    let world = World::new();
    for (command, code) in [("/nonexistent/command", 127), ("/etc/passwd", 126)] {
        let said = world.output(&["run", "--election=job", "--", command]);
        assert_eq!(said.code, code, "{said:?}");
        assert!(said.err.contains(command) && said.err.contains("after --"), "{said:?}");
    }
    assert_eq!(world.output(&["run", "--election=job"]).code, 2, "no command");
    assert_eq!(world.output(&["run", "--election=job", "--grace=5", "--", "true"]).code, 2, "no unit");
}

#[test]
fn what_the_command_leaves_behind_is_killed() {
    let world = World::new();
    let process = start(
        &world,
        "only",
        &["--election=job"],
        "runs; setsid sh -c 'trap \"\" TERM; sleep 1000' & echo left $!; exit 0",
    );
    let left = process.await_line("left", 0, |line| line.text.strip_prefix("left ").map(str::to_owned));
    assert_eq!(process.await_exit().code(), Some(0));
    assert!(!is_alive(&left));
    assert!(world.output(&["run", "--election=job", "--", "true"]).code == 0);
}

#[test]
fn a_command_whose_claim_cannot_be_renewed_is_gone_before_the_claim_ends() {
    let world = World::new();
    let process =
        start(&world, "only", &["--election=job"], "trap '' TERM; runs; while :; do sleep 0.05; done");
    let (.., pid) = told(&process, 0);
    let store = world.lock();
    process.await_text("the command is to end: the claim is about to end");
    process.await_text("killed");
    let gone = process.await_text("the command is gone");
    let lost = process.await_text("this process leads no more");
    assert!(gone.at < lost.at, "gone at {}, while the claim ended at {}", gone.at, lost.at);
    assert!(!is_alive(&pid));
    // It stands by, and runs the command again when it may.
    let so_far = process.line_count();
    drop(store);
    told(&process, so_far);
}

#[test]
fn a_record_that_is_gone_ends_the_command_at_once() {
    let world = World::new();
    let process = start(&world, "only", &QUICK, "trap '' TERM; runs; while :; do sleep 0.05; done");
    told(&process, 0);
    std::fs::remove_file(world.store().join("job.json")).unwrap();
    process.await_text("the command is to end: this process leads no more");
    process.await_text("the command is gone");
    assert!(!overlapped(&process));
}

#[test]
fn as_the_first_process_of_a_container_it_reaps_whatever_is_left_to_it() {
    let world = World::new();
    let mut command = std::process::Command::new("unshare");
    let isolated = ["--pid", "--fork", "--mount-proc"];
    if !command.args(isolated).arg("true").output().is_ok_and(|output| output.status.success()) {
        return skipped("a process namespace of its own cannot be made here");
    }
    let inner = world.command("one", &[]);
    let mut command = std::process::Command::new("unshare");
    command.args(isolated).arg(inner.get_program()).args(["run", "--election=job", "--", "sh", "-c"]);
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // Three that end after their parents: without somebody to reap them they stay as zombies.
    command.arg(
        "for i in 1 2 3; do (sleep 0.1 &); done; sleep 1; cat /proc/[0-9]*/stat | grep -c ') Z ' >/dev/stderr; exit 5",
    );
    let process = Process::start("pid 1", &mut command);
    process.await_line("no zombies", 0, |line| (line.text == "0").then_some(()));
    assert_eq!(process.await_exit().code(), Some(5));
}

#[test]
fn a_command_that_is_stopped_with_its_supervisor_dead_is_killed_too() {
    let world = World::new();
    let process =
        start(&world, "only", &["--election=job"], "trap '' TERM; runs; while :; do sleep 0.05; done");
    let (.., pid) = told(&process, 0);
    process.kill();
    eventually("the command is dead", || (!is_alive(&pid)).then_some(()));
}

#[test]
fn the_command_is_asked_to_end_while_leadership_lasts() {
    let world = World::new();
    // Were leadership given up first, the other's command would find the lock taken.
    let first = start(
        &world,
        "first",
        &QUICK,
        "trap 'sleep 1; echo saved; exit 0' TERM; runs; while :; do sleep 0.05; done",
    );
    told(&first, 0);
    let second = start(&world, "second", &QUICK, "runs; exec sleep 1000");
    second.await_text("held by first");
    request_step_down(&world);
    told(&second, 0);
    first.await_text("saved");
    assert!(!overlapped(&second));
    // It stands by, and is there when it is needed.
    let so_far = first.line_count();
    second.kill();
    told(&first, so_far);
}

/// What `step-down` writes, by hand.
fn request_step_down(world: &World) {
    let record = world.store().join("job.json");
    let mut lease: serde_json::Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    let version: u64 = lease["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    lease["metadata"]["resourceVersion"] = serde_json::json!((version + 1).to_string());
    let holder = lease["spec"]["holderIdentity"].clone();
    lease["metadata"]["annotations"]["cluster-leader.io/step-down"] = holder;
    let next = world.store().join("by-hand");
    std::fs::write(&next, lease.to_string()).unwrap();
    std::fs::rename(next, record).unwrap();
}

#[test]
fn a_terminal_is_the_commands() {
    let world = World::new();
    if std::process::Command::new("script").arg("--version").output().is_err() {
        return skipped("no terminal without script (util-linux)");
    }
    let inner = world.command("one", &[]);
    let mut command = std::process::Command::new("script");
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let script = "sh -c 'echo ready; read word; echo got $word; exit 6'";
    let run = format!("{} run --election=job -- {script}", inner.get_program().display());
    let process =
        Process::start("terminal", command.args(["--quiet", "--return", "--command", &run, "/dev/null"]));
    process.await_text("ready");
    process.tell("something");
    process.await_text("got something");
    assert_eq!(process.await_exit().code(), Some(6));
}
