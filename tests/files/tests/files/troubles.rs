//! The disk is full, the directory is locked up, the record is not a record: the leader leads until
//! its deadline and not longer, nobody else begins to, and when it is mended somebody leads.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use cluster_leader_tests_kubernetes::{eventually, measured, skipped};
use rustix::fs::{CWD, FileType, FlockOperation, IFlags, Mode, RenameFlags};
use tests_files::{Contender, Setup, World, is_root, one_leader_at_a_time};

use crate::{QUICK, contender};

/// Something that keeps the store from working.
struct Trouble {
    what: &'static str,
    /// The directory's disk, if it matters.
    disk: Option<&'static str>,
    make: fn(&World),
    mend: fn(&World),
    /// What the leader's problem says.
    says: &'static [&'static str],
    /// Whether a newcomer is told at once, by an error.
    newcomer_fails: bool,
}

/// Asks less often than others do: there are many at a time.
fn member<'a>(world: &'a World, name: &'a str) -> Setup<'a> {
    contender(world, name, QUICK).with("CONTENDER_PAUSE", "3000")
}

fn all_endured(troubles: &[Trouble]) {
    thread::scope(|scope| {
        for trouble in troubles {
            thread::Builder::new()
                .name(trouble.what.to_owned())
                .spawn_scoped(scope, || endured(trouble))
                .unwrap();
        }
    });
}

fn endured(trouble: &Trouble) {
    let world = match trouble.disk {
        None => World::new(),
        Some(options) => match World::on_a_disk(options) {
            Ok(world) => world,
            Err(why) => return skipped(format!("{}: no disk of its own: {why}", trouble.what)),
        },
    };
    let leader = member(&world, "leader").start();
    let token = leader.await_leading();
    let follower = member(&world, "follower").start();
    follower.process().await_text("held by leader");

    (trouble.make)(&world);
    assert_eq!(leader.await_loss(token), "Expired", "{}: it leads until its deadline", trouble.what);
    told_of(trouble, &world, &leader);
    if trouble.newcomer_fails {
        let newcomer = member(&world, "newcomer").start();
        newcomer.process().await_exit();
        let error = newcomer.said("error").pop().expect("an error");
        assert!(trouble.says.iter().all(|text| error.contains(text)), "{}: {error}", trouble.what);
    }
    let before = contents(&world);
    sleep(Duration::from_millis(QUICK.lease + 2 * QUICK.retry));
    let tokens = |who: &Contender| who.tokens().len();
    assert_eq!((tokens(&leader), tokens(&follower)), (1, 0), "{}: nobody can lead", trouble.what);
    assert_eq!(contents(&world), before, "{}: nothing was touched", trouble.what);

    (trouble.mend)(&world);
    let mended = Instant::now();
    let next = eventually("a leader after it was mended", || {
        leader.tokens().into_iter().skip(1).chain(follower.tokens()).max()
    });
    assert!(next > token, "{}: {next} after {token}", trouble.what);
    assert!(mended.elapsed() < Duration::from_secs(30), "{}: {:?}", trouble.what, mended.elapsed());
    let again = mended.elapsed();
    let warnings = leader.words().matches(" WARN ").count();
    assert!(warnings <= 3, "{}: what lasts is told once: {}", trouble.what, leader.words());
    let verdict = one_leader_at_a_time(vec![leader.end(), follower.end()]);
    measured(trouble.what, format!("led again after {again:?}; {} answers, all true", verdict.samples));
}

/// Sees that the leader's problem says what it must, and where.
fn told_of(trouble: &Trouble, world: &World, leader: &Contender) {
    let directory = world.directory().display().to_string();
    eventually("the problem", || {
        let problems = leader.said("problem");
        let good = |problem: &&String| {
            problem.starts_with(&directory) && trouble.says.iter().all(|text| problem.contains(text))
        };
        let found = problems.iter().any(|problem| good(&problem));
        found.then_some(()).or_else(|| {
            assert!(problems.len() < 50, "{}: {problems:#?}", trouble.what);
            None
        })
    });
}

/// What is in the record's place: its kind, its inode and, if it is not huge, its content.
type InPlace = (FileType, u64, Vec<u8>);

/// The names in the directory but for what is just being tried, and the record.
fn contents(world: &World) -> (Vec<String>, Option<InPlace>) {
    let names =
        world.names().into_iter().filter(|name| !name.ends_with(".tmp") && !name.ends_with(".holder"));
    let record = rustix::fs::lstat(world.record_path()).ok().map(|stat| {
        let kind = FileType::from_raw_mode(stat.st_mode);
        let small = kind == FileType::RegularFile && stat.st_size < 1 << 20;
        let bytes = if small { fs::read(world.record_path()).unwrap() } else { Vec::new() };
        (kind, stat.st_ino, bytes)
    });
    (names.collect(), record)
}

// ---- the place -----------------------------------------------------------------------------------

#[test]
fn g1_a_place_that_cannot_be_written_to_is_endured() {
    all_endured(&[
        Trouble {
            what: "a full disk",
            disk: Some("size=64k"),
            make: |world| fill(&world.home().join("filling")),
            mend: |world| fs::remove_file(world.home().join("filling")).unwrap(),
            says: &["No space left on device", "Make room there"],
            newcomer_fails: false,
        },
        Trouble {
            what: "no more files on the disk",
            disk: Some("nr_inodes=32"),
            make: |world| {
                let mut names = (0..).map(|n| world.home().join(format!("filling-{n}")));
                while File::create(names.next().unwrap()).is_ok() {}
            },
            mend: |world| {
                let mut names = (0..).map(|n| world.home().join(format!("filling-{n}")));
                while fs::remove_file(names.next().unwrap()).is_ok() {}
            },
            says: &["No space left on device", "Make room there", "a few files"],
            newcomer_fails: true,
        },
        Trouble {
            what: "a file system that became read-only",
            disk: Some("size=1m"),
            make: |world| world.disk().unwrap().set_read_only(true),
            mend: |world| world.disk().unwrap().set_read_only(false),
            says: &["Read-only file system", "CLUSTER_LEADER_STORE=file:DIR"],
            newcomer_fails: true,
        },
        Trouble {
            what: "a directory that this user may not write to any more",
            disk: None,
            make: |world| set_writable(&world.path(""), false),
            mend: |world| set_writable(&world.path(""), true),
            says: &["Let this user read and write the directory"],
            newcomer_fails: true,
        },
        Trouble {
            what: "a file where the directory was",
            disk: None,
            make: |world| {
                fs::rename(world.path(""), world.home().join("elsewhere")).unwrap();
                fs::write(world.home().join("state"), "").unwrap();
            },
            mend: |world| {
                fs::remove_file(world.home().join("state")).unwrap();
                fs::rename(world.home().join("elsewhere"), world.path("")).unwrap();
            },
            says: &["not a directory", "CLUSTER_LEADER_STORE=file:DIR"],
            newcomer_fails: true,
        },
        Trouble {
            what: "a directory locked by a process that stands still",
            disk: None,
            make: |world| {
                let directory = File::open(world.path("")).unwrap();
                rustix::fs::flock(&directory, FlockOperation::LockExclusive).unwrap();
                LOCKED.set(Some(directory));
            },
            mend: |_| drop(LOCKED.take()),
            says: &["is locked by another process", "/proc/locks"],
            newcomer_fails: false,
        },
    ]);
}

thread_local!(static LOCKED: std::cell::Cell<Option<File>> = const { std::cell::Cell::new(None) });

fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}

/// root may write in spite of the mode, but not to what is immutable.
fn set_writable(directory: &Path, writable: bool) {
    if is_root() {
        let opened = File::open(directory).unwrap();
        let flags = if writable { IFlags::empty() } else { IFlags::IMMUTABLE };
        rustix::fs::ioctl_setflags(&opened, flags).unwrap();
    } else {
        fs::set_permissions(directory, Permissions::from_mode(if writable { 0o700 } else { 0o500 })).unwrap();
    }
}

// ---- the record ----------------------------------------------------------------------------------

/// Puts something in the record's place that is made by `make`, and leaves it until it is removed.
const fn damage(what: &'static str, make: fn(&World), says: &'static [&'static str]) -> Trouble {
    let mend = |world: &World| {
        let path = world.record_path();
        if path.is_dir() { fs::remove_dir(&path) } else { fs::remove_file(&path) }.unwrap();
    };
    Trouble { what, disk: None, make, mend, says, newcomer_fails: false }
}

fn put(world: &World, content: &[u8]) {
    fs::write(world.path("draft"), content).unwrap();
    fs::rename(world.path("draft"), world.record_path()).unwrap();
}

#[test]
fn g3_whatever_is_in_the_records_place_is_left_alone_until_it_is_removed() {
    all_endured(&[
        damage("an empty record", |world| put(world, b""), &["billing-jobs.json", "it is empty"]),
        damage(
            "garbage",
            |world| put(world, &[0xFF; 300]),
            &["is not the record of an election", "remove it"],
        ),
        damage(
            "half a record",
            |world| {
                let whole = fs::read(world.record_path()).unwrap();
                put(world, &whole[..whole.len() / 2]);
            },
            &["not a JSON object", "remove it"],
        ),
        damage(
            "a record of a later version",
            |world| {
                let whole = fs::read_to_string(world.record_path()).unwrap();
                put(world, whole.replace("coordination.k8s.io/v1", "coordination.k8s.io/v2").as_bytes());
            },
            &["its apiVersion is \"coordination.k8s.io/v2\", not \"coordination.k8s.io/v1\""],
        ),
        damage(
            "a huge file",
            |world| {
                File::create(world.path("draft")).unwrap().set_len(1 << 40).unwrap();
                fs::rename(world.path("draft"), world.record_path()).unwrap();
            },
            &["1099511627776 bytes long"],
        ),
        damage(
            "a directory",
            |world| {
                fs::create_dir(world.path("draft")).unwrap();
                let (draft, record) = (world.path("draft"), world.record_path());
                rustix::fs::renameat_with(CWD, &draft, CWD, &record, RenameFlags::EXCHANGE).unwrap();
                fs::remove_file(draft).unwrap();
            },
            &["is not a regular file"],
        ),
        damage(
            "a pipe",
            |world| {
                let mode = Mode::from_raw_mode(0o600);
                rustix::fs::mknodat(CWD, world.path("draft"), FileType::Fifo, mode, 0).unwrap();
                fs::rename(world.path("draft"), world.record_path()).unwrap();
            },
            &["is not a regular file"],
        ),
        damage(
            "a link",
            |world| {
                fs::copy(world.record_path(), world.path("elsewhere")).unwrap();
                symlink("elsewhere", world.path("draft")).unwrap();
                fs::rename(world.path("draft"), world.record_path()).unwrap();
            },
            &["is not a regular file"],
        ),
    ]);
}

/// The same version, with fields that a later one may add.
#[test]
fn g12_what_a_later_version_adds_to_a_record_is_kept() {
    let world = World::new();
    let leader = member(&world, "leader").start();
    leader.await_leading();
    let added = eventually("fields that stay beside a renewal", || {
        let before = world.record()?;
        let text = fs::read_to_string(world.record_path()).unwrap();
        if text.contains("generationOfTheFuture") {
            return None;
        }
        let text = text.replacen(
            "\"metadata\": {",
            "\"ofTheFuture\": [1],\n  \"metadata\": {\n    \"generationOfTheFuture\": 7,",
            1,
        );
        put(&world, text.as_bytes());
        Some(before.version)
    });
    eventually("a renewal", || world.record().filter(|record| record.version > added));
    let text = fs::read_to_string(world.record_path()).unwrap();
    assert!(text.contains("generationOfTheFuture\": 7") && text.contains("ofTheFuture\": ["), "{text}");
    assert_eq!(leader.said("lost"), [""; 0]);
}
