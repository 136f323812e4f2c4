//! Where figures were made.

use anyhow::{Context, Result};
use procfs::{CpuInfo, Current, LoadAverage, Meminfo};
use serde::Serialize;

/// A machine at a time.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Its cores, as this system sees them.
    pub cores: usize,
    /// Memory, bytes.
    pub memory: u64,
    /// The kernel's version.
    pub kernel: String,
    /// Load average over a minute before.
    pub load_before: f32,
    /// And after. Our own is in it.
    pub load_after: f32,
}

impl Machine {
    /// This one.
    pub(super) fn look() -> Result<Self> {
        let processor = CpuInfo::current()?;
        let name = processor.model_name(0).unwrap_or("an unnamed processor").trim().to_owned();
        Ok(Self {
            processor: name,
            cores: processor.num_cores(),
            memory: Meminfo::current()?.mem_total,
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").context("no kernel version")?.trim().to_owned(),
            load_before: load()?,
            load_after: 0.0,
        })
    }

    /// Afterwards.
    pub(super) fn look_again(&mut self) -> Result<()> {
        self.load_after = load()?;
        Ok(())
    }

    /// In one line.
    pub(super) fn line(&self) -> String {
        let Self { processor, cores, kernel, load_before, load_after, .. } = self;
        let memory = self.memory as f64 / f64::from(1 << 30);
        format!("{processor}, {cores} cores, {memory:.0} GiB, Linux {kernel}; load {load_before:.1} before, {load_after:.1} after")
    }
}

fn load() -> Result<f32> {
    Ok(LoadAverage::current()?.one)
}
