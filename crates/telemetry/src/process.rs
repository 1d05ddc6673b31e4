//! What this process uses of its computer: CPU, memory, files, threads.

use std::time::Duration;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::names;

/// The shortest time between two samples that gives a meaningful CPU value.
pub const SAMPLE_INTERVAL_MIN: Duration = sysinfo::MINIMUM_CPU_UPDATE_INTERVAL;

/// What this process used at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProcessUsage {
    /// CPU since the sample before, 100 per core.
    pub cpu_percent: f64,
    /// Memory in RAM.
    pub resident_bytes: u64,
    /// Open file descriptors.
    pub open_files: u64,
    /// How many it may open, where the system tells.
    pub open_files_max: Option<u64>,
    /// Threads.
    pub threads: u64,
    /// Memory of the computer that is in use, 0 to 1.
    pub host_memory_share: f64,
    /// Load of the computer over the last minute.
    pub host_load: f64,
}

/// Samples this process. The first sample's CPU value is 0, because it has nothing to compare with.
#[derive(Debug)]
pub struct ProcessSampler {
    system: System,
    pid: Pid,
}

impl ProcessSampler {
    /// Makes a sampler of this process; `None` where the system does not tell.
    #[must_use]
    pub fn new() -> Option<Self> {
        let pid = sysinfo::get_current_pid().ok()?;
        let mut sampler = Self {
            system: System::new().ok()?,
            pid,
        };
        sampler.refresh();
        Some(sampler)
    }

    /// Reads the process's usage and sets the gauges [`names::PROCESS_CPU`] and
    /// [`names::PROCESS_MEMORY`]. It reads a few small files of `/proc`, so it may run on an async
    /// thread.
    #[expect(
        clippy::cast_precision_loss,
        reason = "memory stays far below 2^52 bytes, files and threads too"
    )]
    pub fn sample(&mut self) -> Option<ProcessUsage> {
        self.refresh();
        self.system
            .refresh_memory_specifics(sysinfo::MemoryRefreshKind::nothing().with_ram());
        let process = self.system.process(self.pid)?;
        let total = self.system.total_memory();
        let used = total.saturating_sub(self.system.available_memory());
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let usage = ProcessUsage {
            cpu_percent: f64::from(process.cpu_usage()),
            resident_bytes: process.memory(),
            open_files: process.open_files().map_or(0, count),
            open_files_max: process.open_files_limit().map(count),
            threads: threads(self.pid),
            host_memory_share: if total == 0 {
                0.0
            } else {
                used as f64 / total as f64
            },
            host_load: System::load_average().map_or(0.0, |load| load.one),
        };
        metrics::gauge!(names::PROCESS_CPU).set(usage.cpu_percent);
        metrics::gauge!(names::PROCESS_MEMORY).set(usage.resident_bytes as f64);
        metrics::gauge!(names::PROCESS_OPEN_FILES).set(usage.open_files as f64);
        metrics::gauge!(names::PROCESS_THREADS).set(usage.threads as f64);
        metrics::gauge!(names::HOST_MEMORY_SHARE).set(usage.host_memory_share);
        metrics::gauge!(names::HOST_LOAD).set(usage.host_load);
        Some(usage)
    }

    fn refresh(&mut self) {
        let kinds = ProcessRefreshKind::nothing().with_cpu().with_memory();
        let only_us = [self.pid];
        self.system
            .refresh_processes_specifics(ProcessesToUpdate::Some(&only_us), false, kinds);
    }
}

/// Counts the threads of a process: `sysinfo` would read a file for each of them.
fn threads(pid: Pid) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("Threads:"));
    line.and_then(|number| number.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory() {
        let mut sampler = ProcessSampler::new().expect("a process id");
        let usage = sampler.sample().expect("this process is there");
        assert!(usage.resident_bytes > 100_000, "{usage:?}");
        assert!(usage.cpu_percent >= 0.0, "{usage:?}");
        assert!(usage.open_files >= 3 && usage.threads >= 2, "{usage:?}");
        assert!(usage.open_files_max > Some(usage.open_files), "{usage:?}");
        assert!(
            usage.host_memory_share > 0.0 && usage.host_memory_share < 1.0,
            "{usage:?}"
        );
    }
}
