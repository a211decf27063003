//! This library: C programs through the C ABI, and JVMs through the jar.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::contender::{Contender, Program, with_wall_clock};

/// This library.
#[derive(Debug)]
pub struct Ours {
    /// The programs, and copies of what they load: both may be built anew while they run.
    directory: TempDir,
    libfaketime: PathBuf,
    /// Another library than those of `target/release` and of the jar.
    library: Option<PathBuf>,
}

impl Ours {
    /// Builds the programs that ask.
    ///
    /// With `CHAOS_LIBRARY` in the environment, it is that library that is put to the test.
    ///
    /// # Errors
    /// Something is missing: the words say how to get it.
    pub fn build() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let library = env::var_os("CHAOS_LIBRARY").map(PathBuf::from);
        let built = library.clone().unwrap_or_else(|| root.join("target/release/libcluster_leader.so"));
        let jar =
            root.join(format!("java/cluster-leader/target/cluster-leader-{}.jar", env!("CARGO_PKG_VERSION")));
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let here = |name: &str| directory.path().join(name);
        for (file, copy, how) in [
            (&built, "libcluster_leader.so.1", "`make native` builds it"),
            (&jar, "cluster-leader.jar", "`make jar` builds it"),
        ] {
            fs::copy(file, here(copy)).map_err(|error| format!("{}: {error}: {how}", file.display()))?;
        }
        let reader = root.join("tests/chaos/reader");
        run(Command::new("cc")
            .args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"])
            .arg(here("reader"))
            .arg("-I")
            .arg(root.join("include"))
            .arg(reader.join("reader.c"))
            .arg(here("libcluster_leader.so.1"))
            .arg("-Wl,-rpath,$ORIGIN"))?;
        run(Command::new("javac")
            .arg("-cp")
            .arg(here("cluster-leader.jar"))
            .arg("-d")
            .arg(directory.path())
            .arg(reader.join("Reader.java")))?;
        Ok(Self { libfaketime: libfaketime()?, directory, library })
    }

    /// The library that the C programs load.
    #[must_use]
    pub fn library_file(&self) -> PathBuf {
        self.directory.path().join("libcluster_leader.so.1")
    }
}

impl Contender for Ours {
    fn name(&self) -> &'static str {
        "ours"
    }

    fn version(&self) -> String {
        let library = self.library.as_ref().map(|library| format!(" ({})", library.display()));
        format!("cluster-leader {}{}", env!("CARGO_PKG_VERSION"), library.unwrap_or_default())
    }

    /// Two C programs, in every other arena with wall clocks of their own, and a JVM.
    fn program(&self, arena: usize, seat: usize) -> Program {
        let here = |name: &str| self.directory.path().join(name);
        if seat % 3 == 2 {
            let mut classes = here("cluster-leader.jar").into_os_string();
            classes.push(":");
            classes.push(self.directory.path());
            let mut words: Vec<OsString> =
                ["java", "-Xmx48m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"].map(OsString::from).into();
            if self.library.is_some() {
                let mut path = OsString::from("-Dcluster-leader.native.path=");
                path.push(here("libcluster_leader.so.1"));
                words.push(path);
            }
            words.extend(["-cp".into(), classes, "Reader".into()]);
            return Program { kind: "JVM", words, has_wall_clock: false };
        }
        let reader = [here("reader").into_os_string()];
        let has_wall_clock = arena % 2 == 1;
        let words = if has_wall_clock { with_wall_clock(&self.libfaketime, &reader) } else { reader.into() };
        Program { kind: "C", words, has_wall_clock }
    }
}

/// Where Debian's package has it.
fn libfaketime() -> Result<PathBuf, String> {
    let name = "faketime/libfaketimeMT.so.1";
    let directories =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/local/lib"];
    let found =
        directories.iter().map(|directory| Path::new(directory).join(name)).find(|file| file.exists());
    found.ok_or_else(|| format!("{name} is missing (Debian: apt-get install libfaketime)"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?} does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}
