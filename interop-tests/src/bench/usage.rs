//! What processes have used, as the kernel counts it.

use std::time::Duration;

use anyhow::{Context, Result};
use procfs::process::{Process, all_processes};
use rustix::time::{ClockId, clock_gettime};

/// The gateway looks at its outbox so often when nothing happens: two looks at the counters in between see rest.
const REST: Duration = Duration::from_millis(100);
/// So many looks at most.
const LOOKS: usize = 50;

/// A process with its children.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    id: i32,
}

impl Usage {
    /// Of this process.
    pub(super) fn of(id: u32) -> Result<Self> {
        Ok(Self { id: i32::try_from(id).context("a process id")? })
    }

    /// CPU so far, in the program and in the kernel, µs. The kernel counts whole ticks of 10 ms.
    pub(super) fn cpu(self) -> Result<f64> {
        let own = Process::new(self.id)?.stat()?;
        // Others may end while we look.
        let others = all_processes()?.filter_map(|process| process.ok()?.stat().ok());
        let children = others.filter(|stat| stat.ppid == self.id);
        let ticks: u64 = children.chain([own]).map(|stat| stat.utime + stat.stime).sum();
        Ok(ticks as f64 * 1e6 / procfs::ticks_per_second() as f64)
    }

    /// Waits until it rests: what follows from the last message is done.
    pub(super) async fn rests(self) -> Result<()> {
        let mut before = self.cpu()?;
        for _ in 0..LOOKS {
            tokio::time::sleep(REST).await;
            let now = self.cpu()?;
            if now <= before {
                break;
            }
            before = now;
        }
        Ok(())
    }

    /// Its resident memory, bytes.
    pub(super) fn memory(self) -> Result<u64> {
        Ok(Process::new(self.id)?.status()?.vmrss.context("no VmRSS")? * 1024)
    }

    /// What it has had written to disks, bytes.
    pub(super) fn written(self) -> Result<u64> {
        Ok(Process::new(self.id)?.io()?.write_bytes)
    }
}

/// CPU of this process so far, µs.
pub(super) fn own_cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]
mod tests {
    use super::{Usage, own_cpu};

    #[test]
    fn a_process_that_works_uses_cpu_and_memory() {
        let before = own_cpu();
        let mut sum = 0_u64;
        while own_cpu() - before < 30_000.0 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let own = Usage::of(std::process::id()).unwrap();
        assert!(own.cpu().unwrap() >= 20_000.0);
        assert!(own.memory().unwrap() > 100_000);
    }
}
