//! Which file systems keep what the file store relies on.

use std::path::Path;

use rustix::fs::StatFs;

/// Local file systems. On each of them flock, rename and inotify work for all processes that see
/// the directory, because there is one kernel to see it. `magic` numbers as in `statfs(2)`.
const LOCAL: [(u32, &str); 7] = [
    (0x0000_EF53, "ext2, ext3, ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683E, "btrfs"),
    (0x2FC1_2FC1, "zfs"),
    (0xF2F5_2010, "f2fs"),
    (0x0102_1994, "tmpfs"),
    (0x794C_7630, "overlay"),
];

/// Some that are refused, to call them by their names.
const OTHERS: [(u32, &str); 21] = [
    (0x0000_6969, "nfs"),
    (0xFF53_4D42, "cifs"),
    (0xFE53_4D42, "smb2"),
    (0x0000_517B, "smb"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "fuse"),
    (0x00C3_6400, "ceph"),
    (0x5346_414F, "afs"),
    (0x0BD0_0BD0, "lustre"),
    (0x0116_1970, "gfs2"),
    (0x7461_636F, "ocfs2"),
    (0x786F_4256, "vboxsf"),
    (0x0000_F15F, "ecryptfs"),
    (0x0000_4D44, "vfat"),
    (0x2011_BAB0, "exfat"),
    (0x7366_746E, "ntfs"),
    (0x0000_0187, "autofs"),
    (0x0000_9FA0, "proc"),
    (0x6265_6572, "sysfs"),
    (0x0027_E0EB, "cgroup"),
    (0x6367_7270, "cgroup2"),
];

/// Whether elections can be held there.
///
/// # Errors
/// The problem, with the file system and the fix.
pub(super) fn check(directory: &Path, file_system: &StatFs) -> Result<(), String> {
    let magic = u32::try_from(file_system.f_type & 0xFFFF_FFFF).unwrap_or_default();
    classify(magic).map_err(|name| {
        format!(
            "{}: is on a file system that elections cannot use: {name}. They need locks, atomic renames and \
             change events that work for all processes that see the directory, as on {}. Choose a directory on \
             one of these with CLUSTER_LEADER_STORE=file:DIR",
            directory.display(),
            LOCAL.map(|(_, name)| name).join(", ")
        )
    })
}

/// # Errors
/// The name or the number of a file system that is not fit.
fn classify(magic: u32) -> Result<(), String> {
    let find = |table: &[(u32, &'static str)]| table.iter().find(|(known, _)| *known == magic).copied();
    match (find(&LOCAL), find(&OTHERS)) {
        (Some(_), _) => Ok(()),
        (None, Some((_, name))) => Err(format!("{name} ({magic:#x})")),
        (None, None) => Err(format!("an unknown one ({magic:#x})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_file_systems_are_taken_and_all_others_refused_by_name_or_number() {
        for local in [0xEF53, 0x5846_5342, 0x9123_683E, 0x2FC1_2FC1, 0xF2F5_2010, 0x0102_1994, 0x794C_7630] {
            assert_eq!(classify(local), Ok(()), "{local:#x}");
        }
        for (magic, name) in [
            (0x6969, "nfs (0x6969)"),
            (0xFF53_4D42, "cifs (0xff534d42)"),
            (0x0102_1997, "9p (0x1021997)"),
            (0x6573_5546, "fuse (0x65735546)"),
            (0x1234, "an unknown one (0x1234)"),
            (0, "an unknown one (0x0)"),
        ] {
            assert_eq!(classify(magic), Err(name.to_owned()));
        }
    }

    #[test]
    fn really_mounted_ones_are_told_apart() {
        let path = Path::new("/proc");
        let problem = check(path, &rustix::fs::statfs(path).unwrap()).unwrap_err();
        assert!(problem.starts_with("/proc: ") && problem.contains("proc (0x9fa0)"), "{problem}");
        let path = Path::new("/sys");
        let problem = check(path, &rustix::fs::statfs(path).unwrap()).unwrap_err();
        assert!(problem.contains("sysfs (0x62656572)") && problem.contains("file:DIR"), "{problem}");
    }
}
