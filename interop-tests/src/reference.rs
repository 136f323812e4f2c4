//! A reference provider as a process.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::certificates::Authority;
use crate::control::Control;
use crate::environment::Programs;
use crate::process::Process;

/// A running reference provider.
pub struct Provider {
    /// Its domain.
    pub domain: String,
    /// Its control API.
    pub control: Control,
    process: Process,
}

/// Where a MIMI domain listens.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The domain.
    pub domain: String,
    /// The port on loopback.
    pub port: u16,
}

impl Peer {
    /// The table by which the programs find it.
    pub fn table(&self) -> String {
        format!("[peers.\"{}\"]\naddress = \"127.0.0.1:{}\"\n", self.domain, self.port)
    }
}

impl Provider {
    /// Writes its configuration into `folder` and starts it.
    ///
    /// # Errors
    /// If it does not become ready, with the end of its log.
    pub async fn start(
        programs: &Programs,
        folder: &Path,
        authority: &Authority,
        (own, control_port): (&Peer, u16),
        peers: &[Peer],
    ) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let issued = authority.issue(&[&own.domain]);
        fs::write(folder.join("provider.pem"), issued.certificate_pem)?;
        fs::write(folder.join("provider.key"), issued.private_key_pem)?;
        fs::write(folder.join("ca.pem"), authority.root_pem())?;
        let mut configuration = format!(
            "domain = \"{}\"\nlisten = \"127.0.0.1:{}\"\ncontrol = \"127.0.0.1:{control_port}\"\n\
             certificate = \"provider.pem\"\nprivate_key = \"provider.key\"\ntrusted_roots = [\"ca.pem\"]\n",
            own.domain, own.port,
        );
        for peer in peers.iter().filter(|peer| peer.domain != own.domain) {
            configuration.push_str(&peer.table());
        }
        let file = folder.join("provider.toml");
        fs::write(&file, configuration)?;
        let mut command = Command::new(&programs.reference_provider);
        command.arg("--config").arg(&file);
        let mut process = Process::start(&own.domain, command, &folder.with_extension("log"))?;
        process.ready_line("reference-provider is ready").await?;
        Ok(Self { domain: own.domain.clone(), control: Control::new(control_port), process })
    }

    /// Asks it to end, without waiting for it.
    pub fn terminate(&mut self) {
        self.process.terminate();
    }
}
