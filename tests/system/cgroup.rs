//! A group of processes with a limit of memory, where the system lets this user make one: of version 2, or of version 1.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A cgroup. Removed with the test; its processes must have ended before.
pub(crate) struct Cgroup(PathBuf);

impl Cgroup {
    /// A group beside the one of this process, or below it, that may use so many bytes.
    pub(crate) fn with_memory(bytes: u64) -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        own.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?.trim_start_matches('/'));
            let (mount, limit) = match controllers {
                "" => ("/sys/fs/cgroup", "memory.max"),
                "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                _ => return None,
            };
            Self::below(&Path::new(mount).join(path), limit, bytes)
        })
    }

    /// Runs a program within the group: these are arguments of a shell, before the program and its own.
    pub(crate) fn shell(&self) -> [String; 3] {
        let procs = self.0.join("cgroup.procs").display().to_string();
        ["-c".to_owned(), r#"echo $$ > "$0" && exec "$@""#.to_owned(), procs]
    }

    fn below(parent: &Path, limit: &str, bytes: u64) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("countersign-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let group = parent.join(name);
        fs::create_dir(&group).ok()?;
        let group = Self(group);
        let limited = fs::write(group.0.join(limit), bytes.to_string()).is_ok();
        let takes_processes = || Command::new("/bin/sh").args(group.shell()).arg("true").status();
        let is_usable = limited && takes_processes().is_ok_and(|status| status.success());
        is_usable.then_some(group)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // A process that was killed leaves its group a moment later.
        for _ in 0..1000 {
            if fs::remove_dir(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
}
