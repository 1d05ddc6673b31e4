//! CPU and memory of this process.

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
    /// [`names::PROCESS_MEMORY`]. It reads one file of `/proc`, so it may run on an async thread.
    pub fn sample(&mut self) -> Option<ProcessUsage> {
        self.refresh();
        let process = self.system.process(self.pid)?;
        let usage = ProcessUsage {
            cpu_percent: f64::from(process.cpu_usage()),
            resident_bytes: process.memory(),
        };
        metrics::gauge!(names::PROCESS_CPU).set(usage.cpu_percent);
        #[expect(
            clippy::cast_precision_loss,
            reason = "memory stays far below 2^52 bytes"
        )]
        metrics::gauge!(names::PROCESS_MEMORY).set(usage.resident_bytes as f64);
        Some(usage)
    }

    fn refresh(&mut self) {
        let kinds = ProcessRefreshKind::nothing().with_cpu().with_memory();
        let only_us = [self.pid];
        self.system
            .refresh_processes_specifics(ProcessesToUpdate::Some(&only_us), false, kinds);
    }
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
    }
}
