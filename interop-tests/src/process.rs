//! Child processes with a log file: started, awaited, and ended by process id, never by name.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::patience::START_UP;

/// From SIGTERM to SIGKILL.
const GRACE: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_millis(50);
/// How much of a log a failure shows.
const TAIL_LINES: usize = 20;

/// A running child; dropping it ends it.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program with stdout and stderr in `log`. It gets a process group of its own, so that a Ctrl-C in the
    /// terminal reaches only us, who then end it in order.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let out = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let err = out.try_clone()?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}: {}", command.get_program().to_string_lossy()))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where stdout and stderr go.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Waits until the log has a line that is exactly this.
    ///
    /// # Errors
    /// If the process ends before, or the time is over; with the end of the log.
    pub async fn ready_line(&mut self, line: &str) -> Result<()> {
        let log = self.log.clone();
        let waited_for = format!("the line `{line}`");
        self.ready(&waited_for, async || fs::read_to_string(&log).is_ok_and(|text| text.lines().any(|found| found == line))).await
    }

    /// Waits until `is_ready`.
    ///
    /// # Errors
    /// If the process ends before, or the time is over; with the end of the log.
    pub async fn ready(&mut self, waited_for: &str, is_ready: impl AsyncFn() -> bool) -> Result<()> {
        let deadline = Instant::now() + START_UP;
        while Instant::now() < deadline {
            if is_ready().await {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended ({status}) before {waited_for}\n{}", self.name, self.last_lines());
            }
            tokio::time::sleep(INTERVAL).await;
        }
        Err(anyhow!("{}: waited {} s for {waited_for}\n{}", self.name, START_UP.as_secs(), self.last_lines()))
    }

    fn last_lines(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default();
        format!("the end of {}:\n{}", self.log.display(), tail.join("\n"))
    }

    /// Whether it has ended, by whatever cause.
    ///
    /// # Errors
    /// If that cannot be found out.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Asks it to end, without waiting for it.
    pub fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Ends it the way a Ctrl-C does: SIGINT, after a grace SIGKILL.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn interrupt(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::INT);
        self.wait_or_kill()
    }

    fn signal(&mut self, signal: Signal) {
        let running = matches!(self.child.try_wait(), Ok(None));
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).filter(|_| running);
        // It may have ended in between: then there is nothing left to do.
        pid.and_then(|pid| kill_process(pid, signal).ok()).unwrap_or_default();
    }

    /// Ends it the way a crash does.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill()?;
        Ok(self.child.wait()?)
    }

    /// Ends it: SIGTERM, after a grace SIGKILL.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.terminate();
        self.wait_or_kill()
    }

    fn wait_or_kill(&mut self) -> Result<ExitStatus> {
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(INTERVAL);
        }
        self.child.kill()?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.stop());
    }
}
