//! A process leaves what will prove its own death.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use election::Identity;

use super::proof::line_of;

/// The kubelet shows no more than the last so many bytes.
const LONGEST: usize = 4096;

/// Appends the line of `identity` to this container's termination log, which is there: the kubelet
/// makes it.
///
/// # Errors
/// There will be no proof, and why.
pub(super) fn append(file: &Path, identity: &Identity) -> Result<(), String> {
    let problem = |what: &str| {
        format!(
            "{}: {what}. If that is not the terminationMessagePath of this container, set \
             CLUSTER_LEADER_TERMINATION_LOG to it",
            file.display()
        )
    };
    let failed =
        |what: &str, error: &io::Error| problem(&format!("the termination log cannot be {what}: {error}"));
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let mut log = OpenOptions::new()
        .read(true)
        .append(true)
        .custom_flags(flags)
        .open(file)
        .map_err(|error| failed("opened", &error))?;
    if !log.metadata().map_err(|error| failed("examined", &error))?.is_file() {
        return Err(problem("is no file, as a termination log is"));
    }
    let mut content = Vec::new();
    let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    (&log).take(limit).read_to_end(&mut content).map_err(|error| failed("read", &error))?;
    let mut line = line_of(identity);
    if content.last().is_some_and(|last| *last != b'\n') {
        line.insert(0, '\n');
    }
    if content.len() + line.len() > LONGEST {
        return Err(problem(&format!(
            "the termination log has no room for our line of {} bytes: {LONGEST} bytes are shown at most",
            line.len()
        )));
    }
    // In one go: lines of several writers do not mix.
    match log.write(line.as_bytes()) {
        Ok(written) if written == line.len() => Ok(()),
        Ok(_) => Err(problem("the termination log took only a part of our line")),
        Err(error) => Err(failed("written", &error)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn identity(suffix: &str) -> Identity {
        Identity::of_start("billing-7", suffix)
    }

    #[test]
    fn each_identity_has_a_line_and_what_others_wrote_stays() {
        for (before, after) in [
            ("", "cluster-leader holder billing-7_a\ncluster-leader holder billing-7_b\n"),
            ("words\n", "words\ncluster-leader holder billing-7_a\ncluster-leader holder billing-7_b\n"),
            ("cut", "cut\ncluster-leader holder billing-7_a\ncluster-leader holder billing-7_b\n"),
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(&file, before).unwrap();
            append(file.path(), &identity("a")).unwrap();
            append(file.path(), &identity("b")).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), after);
        }
    }

    /// Several processes of one container.
    #[test]
    fn lines_written_at_one_time_do_not_mix() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let of_thread = |thread: u8| (0..10).map(move |number| identity(&format!("{thread}{number}")));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let path = file.path();
                scope.spawn(move || of_thread(thread).for_each(|of| append(path, &of).unwrap()));
            }
        });
        let content = fs::read_to_string(&file).unwrap();
        let mut lines: Vec<_> = content.split_inclusive('\n').collect();
        lines.sort_unstable();
        let expected: Vec<_> = (0..8).flat_map(of_thread).map(|of| line_of(&of)).collect();
        assert_eq!(lines, expected);
    }

    /// A line that pushes another's out of sight would undo its proof.
    #[test]
    fn what_is_not_shown_is_not_written() {
        let line = line_of(&identity("a"));
        let file = tempfile::NamedTempFile::new().unwrap();
        for (room, fits) in [(line.len(), true), (line.len() - 1, false), (0, false)] {
            let before = "x".repeat(LONGEST - room - 1) + "\n";
            fs::write(&file, &before).unwrap();
            let appended = append(file.path(), &identity("a"));
            assert_eq!(appended.is_ok(), fits, "{room}: {appended:?}");
            let expected = if fits { before + &line } else { before };
            assert_eq!(fs::read_to_string(&file).unwrap(), expected);
        }
        fs::write(&file, "x".repeat(3 * LONGEST)).unwrap();
        let problem = append(file.path(), &identity("a")).unwrap_err();
        assert!(problem.contains("no room") && problem.contains("4096"), "{problem}");
        assert_eq!(fs::metadata(&file).unwrap().len(), 3 * 4096);
    }

    #[test]
    fn a_log_that_is_none_is_left_alone_and_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        symlink("missing", path("dangling")).unwrap();
        fs::write(path("file"), "").unwrap();
        for (file, reason) in [
            (path("missing"), "cannot be opened"),
            (path("dangling"), "cannot be opened"),
            (path("file/below"), "cannot be opened"),
            (directory.path().to_owned(), "cannot be opened"),
            ("/dev/null".into(), "is no file"),
        ] {
            let problem = append(&file, &identity("a")).unwrap_err();
            for part in [&file.display().to_string(), reason, "CLUSTER_LEADER_TERMINATION_LOG"] {
                assert!(problem.contains(part), "{part:?} is missing in: {problem}");
            }
        }
        assert!(!path("missing").exists());
    }
}
