//! Synapse, the independent homeserver, on loopback.
//!
//! * The name is `localhost:<port>`: an explicit port means no .well-known and no SRV, only the address of `localhost`.
//! * `federation_custom_ca_list` replaces the system's roots.
//! * Loopback is on Synapse's block list, hence `ip_range_whitelist`.
//! * `trusted_key_servers` is empty, because the default would leave the machine.
//! * Rate limits are lifted: the defaults are for hostile networks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};

use super::client::MatrixClient;
use crate::certificates::Authority;
use crate::http_client::HttpClient;
use crate::ports;
use crate::process::Process;

/// A running homeserver.
pub struct Synapse {
    /// Its server name.
    pub server_name: String,
    client_port: u16,
    python: PathBuf,
    folder: PathBuf,
    process: Mutex<Process>,
}

/// Users all have this password.
pub const PASSWORD: &str = "causeway";

impl Synapse {
    /// Writes its configuration into `folder`, starts it from the Python environment at `venv` and waits for its
    /// client API.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log.
    pub async fn start(venv: &Path, folder: &Path, authority: &Authority) -> Result<Self> {
        let [federation_port, client_port] = ports::free()?;
        fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let issued = authority.issue(&["localhost", "127.0.0.1"]);
        fs::write(folder.join("server.pem"), issued.certificate_pem)?;
        fs::write(folder.join("server.key"), issued.private_key_pem)?;
        fs::write(folder.join("ca.pem"), authority.root_pem())?;
        fs::write(folder.join("homeserver.yaml"), configuration(&folder, federation_port, client_port))?;
        let python = venv.join("bin/python");
        ensure!(python.exists(), "there is no Synapse in {}: run `cargo xtask test` or `cargo xtask demo`", venv.display());
        signing_key(&python, &folder).await?;
        let process = Mutex::new(serve(&python, (&folder, "log"), client_port).await?);
        Ok(Self { server_name: format!("localhost:{federation_port}"), client_port, python, folder, process })
    }

    /// Ends it in order, with whatever it has still to send.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn stop(&self) -> Result<()> {
        self.process().stop().map(|_| ())
    }

    /// Starts it again, with the data that it had. It gets a log of its own.
    ///
    /// # Errors
    /// If it does not answer its clients, with the end of its log.
    pub async fn start_again(&self) -> Result<()> {
        let started = serve(&self.python, (&self.folder, "again.log"), self.client_port).await?;
        *self.process() = started;
        Ok(())
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new user, logged in and syncing.
    ///
    /// # Errors
    /// If the name is taken.
    pub async fn register(&self, name: &str) -> Result<MatrixClient> {
        MatrixClient::register(HttpClient::new(self.client_port), name, PASSWORD).await
    }

    /// Where clients connect.
    pub fn client_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.client_port)
    }

    /// Its log.
    pub fn log(&self) -> PathBuf {
        self.process().log().to_owned()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process().id()
    }

    /// Asks it to end, without waiting for it.
    pub fn terminate(&self) {
        self.process().terminate();
    }
}

async fn serve(python: &Path, (folder, log): (&Path, &str), client_port: u16) -> Result<Process> {
    let mut command = Command::new(python);
    command.args(["-m", "synapse.app.homeserver", "-c", "homeserver.yaml"]).current_dir(folder);
    let mut process = Process::start("synapse", command, &folder.with_extension(log))?;
    let client = HttpClient::new(client_port);
    process.ready("its client API", async || client.get("/_matrix/client/versions").await.is_ok()).await?;
    Ok(process)
}

/// `--generate-keys` would start a whole Synapse (4 s); this takes 0.3 s.
async fn signing_key(python: &Path, folder: &Path) -> Result<()> {
    let made = tokio::process::Command::new(python)
        .args(["-m", "synapse._scripts.generate_signing_key", "-o", "signing.key"])
        .current_dir(folder)
        .output()
        .await
        .context("generate_signing_key")?;
    ensure!(made.status.success(), "generate_signing_key: {}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}

fn configuration(folder: &Path, federation_port: u16, client_port: u16) -> String {
    let folder = folder.display();
    let lifted = "{per_second: 100000, burst_count: 100000}";
    format!(
        r#"server_name: "localhost:{federation_port}"
public_baseurl: "http://127.0.0.1:{client_port}/"
pid_file: "{folder}/homeserver.pid"
report_stats: false
enable_registration: true
enable_registration_without_verification: true
bcrypt_rounds: 4
listeners:
  - {{port: {federation_port}, bind_addresses: [127.0.0.1], type: http, tls: true, resources: [{{names: [client, federation], compress: false}}]}}
  - {{port: {client_port}, bind_addresses: [127.0.0.1], type: http, tls: false, resources: [{{names: [client], compress: false}}]}}
signing_key_path: "{folder}/signing.key"
macaroon_secret_key: "interop-tests"
form_secret: "interop-tests"
media_store_path: "{folder}/media"
tls_certificate_path: "{folder}/server.pem"
tls_private_key_path: "{folder}/server.key"
federation_custom_ca_list: ["{folder}/ca.pem"]
ip_range_whitelist: ["127.0.0.0/8", "::1/128"]
trusted_key_servers: []
suppress_key_server_warning: true
url_preview_enabled: false
presence: {{enabled: false}}
federation: {{destination_min_retry_interval: 1s, destination_max_retry_interval: 5s, destination_retry_multiplier: 1, max_short_retries: 1, max_long_retries: 1}}
rc_message: {lifted}
rc_registration: {lifted}
rc_login: {{address: {lifted}, account: {lifted}, failed_attempts: {lifted}}}
rc_joins: {{local: {lifted}, remote: {lifted}}}
rc_joins_per_room: {lifted}
rc_invites: {{per_room: {lifted}, per_user: {lifted}, per_issuer: {lifted}}}
rc_room_creation: {lifted}
rc_key_requests: {lifted}
rc_federation: {{window_size: 1000, sleep_limit: 100000, sleep_delay: 1, reject_limit: 1000000, concurrent: 100}}
database: {{name: sqlite3, args: {{database: "{folder}/homeserver.db"}}}}
"#
    )
}
