//! `causeway init`

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::config::sample::{self, Chosen};
use crate::keys::make_ring;

const FILE: &str = "causeway.toml";

/// What the new gateway is.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where the configuration and the data are to stand; made if it is not there.
    #[arg(long, value_name = "FOLDER")]
    directory: PathBuf,
    /// The homeserver's name, for example matrix.gateway.example. Ghosts are its users.
    #[arg(long, required_unless_present = "development")]
    server_name: Option<String>,
    /// The provider's domain, for example gateway.example. Puppets are its users.
    #[arg(long, required_unless_present = "development")]
    provider: Option<String>,
    /// Where Matrix federation requests arrive.
    #[arg(long, default_value = "0.0.0.0:8448")]
    matrix_listen: SocketAddr,
    /// Where requests of MIMI providers arrive.
    #[arg(long, default_value = "0.0.0.0:443")]
    mimi_listen: SocketAddr,
    /// For a try on one machine: names on localhost, an authority and certificates made on the spot.
    #[arg(long)]
    development: bool,
}

/// Writes a configuration that works, with its keys. Nothing that is there is overwritten.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.directory;
    let server_name = arguments.server_name.as_deref().unwrap_or("localhost:8448");
    let provider = arguments.provider.as_deref().unwrap_or("gateway.localhost");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder.join("data"))
        .with_context(|| format!("cannot make {}", folder.display()))?;
    write(&folder.join(FILE), 0o600, &sample::render(&chosen(arguments, (server_name, provider))))?;
    make_ring(&folder.join("data/master.key"))?;
    if arguments.development {
        make_certificates(folder, (server_name, provider))?;
    }
    tell(arguments)?;
    Ok(ExitCode::SUCCESS)
}

fn chosen(arguments: &Arguments, (server_name, provider): (&str, &str)) -> Chosen {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let listen = |address: SocketAddr, port| {
        let address = if arguments.development { SocketAddr::from(([127, 0, 0, 1], port)) } else { address };
        quoted(&address.to_string())
    };
    let mut chosen = Chosen::from([
        (("", "master_key"), quoted("data/master.key")),
        (("matrix", "server_name"), quoted(server_name)),
        (("matrix", "listen"), listen(arguments.matrix_listen, 8448)),
        (("mimi", "provider"), quoted(provider)),
        (("mimi", "listen"), listen(arguments.mimi_listen, 8443)),
        (("admin", "listen"), quoted("127.0.0.1:9180")),
    ]);
    if arguments.development {
        let roots = "[\"ca.pem\"]".to_owned();
        chosen.insert(("matrix", "trusted_roots"), roots.clone());
        chosen.insert(("mimi", "trusted_roots"), roots);
        chosen.insert(("matrix", "allowed_networks"), "[\"127.0.0.0/8\", \"::1/128\"]".to_owned());
    }
    chosen
}

/// An authority whose key is forgotten, and one certificate for each side.
fn make_certificates(folder: &Path, (server_name, provider): (&str, &str)) -> anyhow::Result<()> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Causeway development");
    let key = KeyPair::generate()?;
    let authority = params.self_signed(&key)?;
    write(&folder.join("ca.pem"), 0o644, &authority.pem())?;
    let issuer = Issuer::new(params, key);
    let host = server_name.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(server_name, |(host, _)| host);
    for (file, names) in [("matrix", vec![host.to_owned(), "127.0.0.1".to_owned()]), ("mimi", vec![provider.to_owned()])] {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
        write(&folder.join(format!("{file}.pem")), 0o644, &certificate.pem())?;
        write(&folder.join(format!("{file}.key")), 0o600, &key.serialize_pem())?;
    }
    Ok(())
}

fn write(path: &Path, mode: u32, text: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

fn tell(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = arguments.directory.display();
    let mut out = std::io::stdout();
    writeln!(out, "{folder}/{FILE} is written, and data/master.key, which you should keep a copy of.")?;
    if !arguments.development {
        writeln!(out, "Certificate chains and private keys (PEM) have yet to be put there:")?;
        for (side, about) in [("matrix", "for the server name"), ("mimi", "for the provider's domain, as server and client")] {
            writeln!(out, "  {folder}/{side}.pem and {folder}/{side}.key, {about}")?;
        }
    }
    writeln!(out, "Then: causeway config check --config {folder}/{FILE}")?;
    writeln!(out, "      causeway serve --config {folder}/{FILE}")?;
    Ok(())
}
