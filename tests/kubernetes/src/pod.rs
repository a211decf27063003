//! What surrounds a process in a pod.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::account::AccountFiles;
use crate::api_server::ApiServer;
use crate::process::Process;

/// Where Kubernetes mounts the files of the service account.
const MOUNT_POINT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The surroundings of a process to be started.
///
/// The process has a mount namespace of its own, so that every one of them finds its own service
/// account at the same path. It stays a child of ours, with the process id that it was started with.
#[derive(Debug)]
pub struct Pod {
    name: String,
    command: Command,
    files: Option<AccountFiles>,
    home: TempDir,
}

/// A process in a pod. Dropping kills it.
#[derive(Debug)]
pub struct RunningPod {
    /// The process.
    pub process: Process,
    /// The files of the service account, if any are mounted.
    pub files: Option<AccountFiles>,
    /// Its home directory, in which it was started, empty at first.
    pub home: TempDir,
}

impl Pod {
    /// A pod in which `program` will run. Without `files`, no service account is mounted.
    #[must_use]
    pub fn new(
        server: &ApiServer,
        name: &str,
        files: Option<AccountFiles>,
        program: impl AsRef<OsStr>,
    ) -> Self {
        // Over /var/run a file system that only this process sees, and in it the files. A death signal
        // would be lost with a change of user: it is set last.
        const ENTER: &str = r#"
            set -e
            mount -t tmpfs tmpfs /var/run
            if [ -n "$1" ]; then
                mkdir -p "$2"
                mount --bind "$1" "$2"
            fi
            shift 2
            exec setpriv --pdeathsig KILL -- "$@"
        "#;
        let home = tempfile::tempdir().expect("a temporary directory");
        let mut command = unshare();
        command
            .args(["sh", "-c", ENTER, "sh"])
            .arg(files.as_ref().map(AccountFiles::path).unwrap_or_default())
            .args([OsStr::new(MOUNT_POINT), program.as_ref()])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(home.path())
            .env("HOME", home.path())
            .env("HOSTNAME", name)
            .env("KUBERNETES_SERVICE_HOST", server.host())
            .env("KUBERNETES_SERVICE_PORT", server.port().to_string());
        Self { name: name.to_owned(), command, files, home }
    }

    /// An argument of the program.
    #[must_use]
    pub fn arg(mut self, value: impl AsRef<OsStr>) -> Self {
        self.command.arg(value);
        self
    }

    /// An argument that names a file: a copy in the home directory, since the file itself may be built
    /// anew while the process runs.
    #[must_use]
    pub fn arg_file(self, file: &Path) -> Self {
        let name = file.file_name().expect("a file has a name");
        fs::copy(file, self.home.path().join(name)).expect("the file can be copied");
        self.arg(name)
    }

    /// A variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts the process.
    #[must_use]
    pub fn start(mut self) -> RunningPod {
        let process = Process::start(&self.name, &mut self.command);
        RunningPod { process, files: self.files, home: self.home }
    }
}

/// Whether pods can be run here.
pub(crate) fn possible() -> &'static Result<(), String> {
    static POSSIBLE: OnceLock<Result<(), String>> = OnceLock::new();
    POSSIBLE.get_or_init(|| {
        let tried = unshare()
            .args(["sh", "-c", "mount -t tmpfs tmpfs /var/run && setpriv --pdeathsig KILL true"])
            .output()
            .map_err(|error| format!("unshare (util-linux) cannot be run: {error}"))?;
        if tried.status.success() {
            return Ok(());
        }
        Err(format!(
            "processes cannot have mount namespaces of their own here, which service accounts need: {}",
            String::from_utf8_lossy(&tried.stderr).trim()
        ))
    })
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.arg("--");
    command
}
