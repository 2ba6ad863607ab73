//! Limits as machines, containers and nested groups of both versions show them, in a folder that stands in for `/`.

use super::*;

const MIB: u64 = 1 << 20;

/// A folder with these files, and a machine of 8 GiB.
fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [("proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n")].iter().chain(files) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn found(files: &[(&str, &str)]) -> (u64, MemorySource) {
    let limit = MemoryLimit::find(machine(files).path()).unwrap();
    (limit.bytes / MIB, limit.source)
}

const CGROUP: (&str, &str) = ("proc/self/cgroup", "0::/system.slice/countersign.service\n");
const MOUNTS: (&str, &str) =
    ("proc/self/mountinfo", "24 1 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");

#[test]
fn without_a_group_the_machine_is_the_limit() {
    assert_eq!(found(&[]), (8192, MemorySource::Machine));
    assert_eq!(found(&[CGROUP, MOUNTS]), (8192, MemorySource::Machine), "its files are not there");
    assert_eq!(MemoryLimit::find(tempfile::tempdir().unwrap().path()), None);
}

#[test]
fn the_smallest_limit_on_the_way_to_the_root_counts() {
    const SLICE: &str = "sys/fs/cgroup/system.slice/memory.max";
    const HIGH: &str = "sys/fs/cgroup/system.slice/memory.high";
    const OWN: &str = "sys/fs/cgroup/system.slice/countersign.service/memory.max";
    for (files, megabytes) in [
        (vec![(SLICE, "max\n"), (OWN, "134217728\n")], 128),
        (vec![(SLICE, "67108864\n"), (OWN, "134217728\n")], 64),
        (vec![(SLICE, "67108864\n"), (OWN, "max\n")], 64),
        (vec![(HIGH, "50331648\n"), (OWN, "134217728\n")], 48),
        (vec![(SLICE, "max\n"), (OWN, "max\n")], 8192),
        (vec![(OWN, "99999999999999\n")], 8192),
    ] {
        let files: Vec<_> = [CGROUP, MOUNTS].into_iter().chain(files).collect();
        assert_eq!(found(&files).0, megabytes, "{files:?}");
    }
}

#[test]
fn a_container_sees_its_own_group_as_the_root() {
    const LIMIT: (&str, &str) = ("sys/fs/cgroup/memory.max", "268435456\n");
    for own in ["0::/\n", "0::/../../elsewhere\n", "0::/not/visible\n"] {
        assert_eq!(found(&[("proc/self/cgroup", own), MOUNTS, LIMIT]), (256, MemorySource::Cgroup), "{own}");
    }
    // With the host's names, and its own group mounted.
    let bound = "31 23 0:28 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
    let files = [
        ("proc/self/cgroup", "0::/docker/abc/inner\n"),
        ("proc/self/mountinfo", bound),
        ("sys/fs/cgroup/inner/memory.max", "max\n"),
        LIMIT,
    ];
    assert_eq!(found(&files), (256, MemorySource::Cgroup));
}

#[test]
fn groups_of_version_1_are_read_as_well() {
    let both = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                41 31 0:38 / /sys/fs/cgroup/my\\040groups rw - cgroup2 cgroup2 rw\n";
    let own = "9:name=systemd:/\n4:memory:/docker/abc\n1:cpu,cpuacct:/\n0::/user\n";
    let base = [("proc/self/cgroup", own), ("proc/self/mountinfo", both)];
    let none = ("sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "9223372036854771712\n");
    let with = |file: (&'static str, &'static str)| found(&[base[0], base[1], none, file]);
    assert_eq!(with(("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "134217728\n")).0, 128);
    assert_eq!(with(("sys/fs/cgroup/memory/memory.limit_in_bytes", "100663296\n")).0, 96);
    let stat = "cache 0\nhierarchical_memory_limit 83886080\nhierarchical_memsw_limit 9223372036854771712\n";
    assert_eq!(with(("sys/fs/cgroup/memory/docker/abc/memory.stat", stat)).0, 80, "a group above that is not visible");
    assert_eq!(with(("sys/fs/cgroup/my groups/user/memory.max", "52428800\n")), (50, MemorySource::Cgroup));
    assert_eq!(with(none), (8192, MemorySource::Machine));
}
