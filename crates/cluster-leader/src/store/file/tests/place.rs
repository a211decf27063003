//! Where a record may be.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::super::{FilePlace, default_directory};
use super::{ELECTION, Unwritable, World};
use crate::error::Error;

fn problem(directory: &Path, election: &str) -> String {
    match FilePlace::new(directory, election) {
        Err(Error::Store(problem)) => problem,
        other => panic!("{}: {other:?}", directory.display()),
    }
}

#[test]
fn a_missing_directory_is_created_for_this_user_only() {
    let world = World::new();
    let directory = world.path("a/b");
    let place = FilePlace::new(&directory, ELECTION).unwrap();
    for created in [world.path("a"), directory.clone()] {
        assert_eq!(
            fs::metadata(&created).unwrap().permissions().mode() & 0o777,
            0o700,
            "{}",
            created.display()
        );
    }
    assert_eq!(place.describe(), format!("file {}/billing-jobs.json", directory.display()));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0, "nothing is left of the check");
    FilePlace::new(&directory, "another").unwrap();
}

#[test]
fn a_relative_directory_is_made_absolute_once() {
    let world = World::new();
    let here = std::env::current_dir().unwrap();
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let relative = up.join(world.directory.path().strip_prefix("/").unwrap());
    let place = FilePlace::new(&relative, ELECTION).unwrap();
    assert_eq!(place.describe(), format!("file {}/billing-jobs.json", here.join(relative).display()));
}

#[test]
fn a_place_that_cannot_be_used_is_named_with_the_problem_and_the_fix() {
    let world = World::new();
    fs::write(world.path("file"), "").unwrap();
    for (directory, expected) in [
        (world.path("file"), "not a directory"),
        (world.path("file/below"), "not a directory"),
        (PathBuf::from("/proc/self/elections"), "proc (0x9fa0)"),
        (PathBuf::from("/sys/fs"), "sysfs (0x62656572)"),
    ] {
        let problem = problem(&directory, ELECTION);
        assert!(problem.to_lowercase().contains(expected), "{problem}");
        assert!(problem.contains("CLUSTER_LEADER_STORE=file:DIR"), "{problem}");
        let named =
            directory.ancestors().take(2).any(|path| problem.starts_with(&path.display().to_string()));
        assert!(named, "{problem}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_to_is_refused() {
    let world = World::new();
    let Some(_unwritable) = Unwritable::make(world.directory.path()) else { return };
    let problem = problem(world.directory.path(), ELECTION);
    assert!(problem.contains("Let this user read and write the directory"), "{problem}");
    assert!(problem.starts_with(&world.directory.path().display().to_string()), "{problem}");
}

#[test]
fn no_name_leads_out_of_the_directory() {
    let world = World::new();
    let long = "a".repeat(181);
    for name in ["", ".", "..", "../x", "a/b", ".hidden", "a\0b", "a b", "a_b", "-a", "é", long.as_str()] {
        let problem = problem(world.directory.path(), name);
        assert!(problem.contains("cannot name a file"), "{problem}");
    }
    assert_eq!(world.names(), Vec::<String>::new());
    FilePlace::new(world.directory.path(), &"a".repeat(180)).unwrap();
}

#[test]
fn the_default_directory_follows_the_xdg_specification() {
    for (state, home, expected) in [
        (Some("/state"), Some("/home/me"), Some("/state/cluster-leader")),
        (None, Some("/home/me"), Some("/home/me/.local/state/cluster-leader")),
        (Some(""), Some("/home/me"), Some("/home/me/.local/state/cluster-leader")),
        (Some("relative"), Some("/home/me"), Some("/home/me/.local/state/cluster-leader")),
        (Some("/state"), None, Some("/state/cluster-leader")),
        (None, Some("relative"), None),
        (None, Some(""), None),
        (None, None, None),
    ] {
        let variables = HashMap::from([("XDG_STATE_HOME", state), ("HOME", home)]);
        let found = default_directory(|name| variables.get(name).copied().flatten().map(OsString::from));
        assert_eq!(found, expected.map(PathBuf::from), "{variables:?}");
    }
}
