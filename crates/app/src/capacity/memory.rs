//! Finds how much memory the process may use: that of the machine, or less if a control group (cgroup) limits it. Both
//! versions of cgroups are read, and every group from the process's own up to the root that is visible. Knows no plan.

use std::fmt;
use std::fs::read_to_string;
use std::path::{Component, Path, PathBuf};

/// A limit of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MemoryLimit {
    /// In bytes.
    pub(super) bytes: u64,
    pub(super) source: MemorySource,
}

/// The origin of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemorySource {
    /// All memory of the machine.
    Machine,
    /// The smallest limit of a cgroup.
    Cgroup,
    /// The setting `MEMORY_MB`.
    Setting,
}

/// A hierarchy of cgroups in which the process is.
struct Hierarchy {
    /// The path where it is mounted.
    mount: PathBuf,
    /// The process's group in it, below `mount`.
    group: PathBuf,
    /// Files of a group that hold a limit.
    files: &'static [&'static str],
}

/// Version 2. Above `memory.high` the kernel slows a process down until it stands still.
const UNIFIED: &[&str] = &["memory.max", "memory.high"];
/// Version 1. `memory.stat` also names the smallest limit of all groups above, even of those that are not visible.
const LEGACY: &[&str] = &["memory.limit_in_bytes", "memory.stat"];
/// Version 1 writes numbers above this one for "no limit".
const NO_LIMIT: u64 = 1 << 60;

impl MemoryLimit {
    /// The smallest limit; `None` if none can be read. `root` is `/`, or a test's folder in its place.
    pub(super) fn find(root: &Path) -> Option<Self> {
        let machine = of_machine(root).map(|bytes| Self { bytes, source: MemorySource::Machine });
        let groups = hierarchies(root).into_iter().filter_map(|hierarchy| hierarchy.smallest(root)).min();
        let cgroup = groups.map(|bytes| Self { bytes, source: MemorySource::Cgroup });
        [cgroup, machine].into_iter().flatten().min_by_key(|limit| limit.bytes)
    }

    /// In megabytes of 1024 × 1024 bytes.
    pub(super) const fn megabytes(self) -> u64 {
        self.bytes >> 20
    }
}

impl fmt::Display for MemorySource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Machine => "machine",
            Self::Cgroup => "cgroup",
            Self::Setting => "MEMORY_MB",
        })
    }
}

impl Hierarchy {
    fn smallest(&self, root: &Path) -> Option<u64> {
        let own = below(root, &self.mount).join(&self.group);
        let depth = self.group.components().count();
        let groups = own.ancestors().take(depth + 1);
        let files = groups.flat_map(|group| self.files.iter().map(|file| group.join(file)));
        files.filter_map(|file| limit_in(&read_to_string(file).ok()?)).min()
    }
}

/// The limit in a file: a number by itself, or the line `hierarchical_memory_limit` of `memory.stat`.
fn limit_in(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("hierarchical_memory_limit "));
    line.unwrap_or(text).trim().parse().ok().filter(|bytes| *bytes < NO_LIMIT)
}

fn of_machine(root: &Path) -> Option<u64> {
    let info = read_to_string(root.join("proc/meminfo")).ok()?;
    let kilobytes = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    kilobytes.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The hierarchies that may limit memory (`cgroups(7)`, `proc_pid_mountinfo(5)`).
fn hierarchies(root: &Path) -> Vec<Hierarchy> {
    let read = |file: &str| read_to_string(root.join(file)).unwrap_or_default();
    let (groups, mounts) = (read("proc/self/cgroup"), read("proc/self/mountinfo"));
    mounts.lines().filter_map(|mount| hierarchy(mount, &groups)).collect()
}

/// The hierarchy of one line of `mountinfo`, if it is one.
fn hierarchy(line: &str, groups: &str) -> Option<Hierarchy> {
    let (mount, file_system) = line.split_once(" - ")?;
    let mut fields = mount.split(' ').skip(3);
    let (mounted, mount) = (unescaped(fields.next()?), unescaped(fields.next()?));
    let mut file_system = file_system.split(' ');
    let (kind, options) = (file_system.next()?, file_system.nth(1)?);
    let (is_ours, files): (fn(&str) -> bool, _) = match kind {
        "cgroup2" => (|controllers| controllers.is_empty(), UNIFIED),
        "cgroup" if names_memory(options) => (names_memory, LEGACY),
        _ => return None,
    };
    let own = groups.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        is_ours(controllers).then_some(path)
    })?;
    // A container may see its own group as the root of the mount, and groups outside of it as "/../…".
    let own = Path::new(own).strip_prefix(mounted).unwrap_or(Path::new(""));
    let is_visible = own.components().all(|part| matches!(part, Component::Normal(_)));
    let group = if is_visible { own.to_owned() } else { PathBuf::new() };
    Some(Hierarchy { mount: PathBuf::from(mount), group, files })
}

fn names_memory(list: &str) -> bool {
    list.split(',').any(|name| name == "memory")
}

/// `path` below `root`.
fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// The kernel writes blanks, tabs, line feeds and backslashes of a path as octal numbers.
fn unescaped(path: &str) -> String {
    ["\\040 ", "\\011\t", "\\012\n", "\\134\\"].iter().fold(path.to_owned(), |path, pair| {
        let (written, meant) = pair.split_at(4);
        path.replace(written, meant)
    })
}

#[cfg(test)]
mod tests;
