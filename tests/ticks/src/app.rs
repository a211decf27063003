//! The application of `app/`.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

/// The application, built.
#[derive(Debug)]
pub struct App {
    /// A copy: it may be built anew while it runs.
    directory: TempDir,
    /// The classes that each profile loads, for a JVM to start with.
    archives: Mutex<BTreeMap<&'static str, PathBuf>>,
}

impl App {
    /// Takes what has been built.
    ///
    /// # Errors
    /// Nothing has been.
    pub fn find() -> Result<Self, String> {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("app/target");
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let copy = |name: &Path| {
            let from = built.join(name);
            let copied = fs::copy(&from, directory.path().join(name));
            copied.map_err(|error| format!("{}: {error}: `make ticks-app` builds it", from.display()))
        };
        copy(Path::new("ticks.jar"))?;
        fs::create_dir(directory.path().join("lib")).map_err(|error| error.to_string())?;
        for library in fs::read_dir(built.join("lib")).into_iter().flatten().flatten() {
            copy(&Path::new("lib").join(library.file_name()))?;
        }
        Ok(Self { directory, archives: Mutex::default() })
    }

    pub(crate) fn jar(&self) -> PathBuf {
        self.directory.path().join("ticks.jar")
    }

    /// Where there is an archive of the classes of a profile, made by `make` if there is none yet.
    pub(crate) fn archive(&self, profile: &'static str, make: impl FnOnce(&Path)) -> PathBuf {
        // Whoever wants the same one waits.
        let mut archives = self.archives.lock().unwrap_or_else(PoisonError::into_inner);
        let archive = archives.entry(profile).or_insert_with(|| {
            let archive = self.directory.path().join(format!("{profile}.jsa"));
            make(&archive);
            archive
        });
        archive.clone()
    }

    /// The versions of those of its libraries that matter.
    #[must_use]
    pub fn versions(&self) -> Vec<String> {
        let libraries = fs::read_dir(self.directory.path().join("lib")).into_iter().flatten().flatten();
        let names: Vec<String> =
            libraries.map(|library| library.file_name().to_string_lossy().into_owned()).collect();
        let version = |library: &&str| {
            let of = |name: &String| {
                let version = name.strip_prefix(*library)?.strip_prefix('-')?.strip_suffix(".jar")?;
                version.starts_with(|c: char| c.is_ascii_digit()).then(|| format!("{library} {version}"))
            };
            names.iter().find_map(of)
        };
        let libraries =
            ["spring-boot", "cluster-leader-spring", "shedlock-spring", "quartz", "db-scheduler", "h2"];
        libraries.iter().filter_map(version).collect()
    }
}

/// The command that starts a JVM.
pub(crate) fn java() -> PathBuf {
    env::var_os("JAVA_HOME").map_or_else(|| "java".into(), |home| PathBuf::from(home).join("bin/java"))
}
