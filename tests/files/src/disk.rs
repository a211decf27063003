//! A small disk that only some processes see.

use std::path::{Path, PathBuf};
use std::process::Command;

use cluster_leader_tests_kubernetes::Process;

/// A tmpfs in a mount namespace of its own.
#[derive(Debug)]
pub struct Disk {
    /// Stays in the namespace and keeps it.
    keeper: Process,
    pid: String,
    mounted_on: PathBuf,
}

impl Disk {
    pub(crate) fn mount(directory: &Path, options: &str) -> Result<Self, String> {
        const SCRIPT: &str =
            "mount -t tmpfs -o \"$1\" tmpfs \"$2\" && echo keeper $$ || echo failed; exec cat";
        let mut command = Command::new("unshare");
        if !is_root() {
            command.arg("--map-root-user");
        }
        command.args(["--mount", "sh", "-c", SCRIPT, "sh", options]).arg(directory);
        let keeper = Process::start("disk", &mut command);
        let told = |text: &str| match text.split_once(' ') {
            Some(("keeper", pid)) => Some(Ok(pid.to_owned())),
            _ if text.starts_with("unshare: ") || text == "failed" => Some(Err(text.to_owned())),
            _ => None,
        };
        let pid = keeper.await_line("the disk", 0, |line| told(&line.text))?;
        Ok(Self { keeper, pid, mounted_on: directory.to_owned() })
    }

    /// Runs a program that sees the disk.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid, "--mount"]);
        if !is_root() {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.args(["--", program]);
        command
    }

    /// Makes it read-only, or as it was before. Files that are open for writing stay so.
    ///
    /// # Panics
    /// That fails.
    pub fn set_read_only(&self, read_only: bool) {
        // Beside the first mount: one that has files open for writing cannot be changed.
        const COVER: &str = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"";
        const UNCOVER: &str = "umount \"$0\"";
        let mut command = self.command("sh");
        command.args(["-c", if read_only { COVER } else { UNCOVER }]).arg(&self.mounted_on);
        let done = command.output().expect("nsenter runs");
        assert!(done.status.success(), "{command:?}: {done:?} ({})", self.keeper);
    }

    /// Where a file in it is for those who do not see it.
    pub(crate) fn seen_from_outside(&self, path: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.pid, path.display()))
    }
}

/// Whether we are root.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
