//! A gateway's whole set-up in a folder: certificates, configuration, keys, database, a peer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;

use crate::peer::{self, Behaviour};
use crate::seed;
use crate::support::{Ran, causewayctl};

/// An authority of its own.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, PEM.
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn issue(&self, name: &str) -> Issued {
        self.issue_until(name, 2090)
    }

    pub(crate) fn issue_until(&self, name: &str, year: i32) -> Issued {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        Issued { certificate: params.signed_by(&key, &*self.0).unwrap().pem(), key: key.serialize_pem() }
    }

    pub(crate) fn root(&self) -> String {
        self.0.pem()
    }
}

pub(crate) struct Setup {
    pub(crate) folder: TempDir,
    pub(crate) authority: Authority,
}

impl Setup {
    /// Nothing is wrong with it.
    pub(crate) async fn healthy() -> Self {
        let setup = Self { folder: TempDir::new().unwrap(), authority: Authority::new("root") };
        setup.write("ca.pem", &setup.authority.root());
        setup.put("matrix", &setup.authority.issue("hs.test"));
        setup.put("mimi", &setup.authority.issue("gw.test"));
        fs::create_dir(setup.path("data")).unwrap();
        setup.write("data/master.key", &"01".repeat(32));
        setup.write("data/admin.token", "token");
        seed::fill(&setup.database()).await;
        let address = peer::listen(&setup.authority.issue("a.test"), Behaviour::provider("a.test")).await;
        setup.configure(&address.to_string());
        setup
    }

    pub(crate) fn database(&self) -> String {
        format!("sqlite://{}", self.path("data/causeway.db").display())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file that only its owner reads.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        chmod(&self.path(name), 0o600);
    }

    pub(crate) fn put(&self, side: &str, issued: &Issued) {
        self.write(&format!("{side}.pem"), &issued.certificate);
        self.write(&format!("{side}.key"), &issued.key);
    }

    /// With the peer there.
    pub(crate) fn configure(&self, peer: &str) {
        self.write(
            "gateway.toml",
            &format!(
                "data_directory = \"data\"\n\n\
                 [matrix]\nserver_name = \"hs.test:8448\"\nlisten = \"127.0.0.1:8448\"\ncertificate = \"matrix.pem\"\n\
                 private_key = \"matrix.key\"\ntrusted_roots = [\"ca.pem\"]\nallowed_networks = [\"127.0.0.0/8\", \"::1/128\"]\n\n\
                 [mimi]\nprovider = \"gw.test\"\nlisten = \"127.0.0.1:7443\"\ncertificate = \"mimi.pem\"\n\
                 private_key = \"mimi.key\"\ntrusted_roots = [\"ca.pem\"]\n\n\
                 [peers.\"a.test\"]\naddress = \"{peer}\"\n"
            ),
        );
    }

    /// Replaces in the configuration.
    pub(crate) fn reconfigure(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.path("gateway.toml")).unwrap();
        assert!(text.contains(from), "{text}");
        self.write("gateway.toml", &text.replace(from, to));
    }

    /// Runs the program with the configuration. The peer goes on answering meanwhile.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        let file = self.path("gateway.toml").to_str().unwrap().to_owned();
        let arguments: Vec<String> = ["--config", &file].iter().chain(arguments).map(|text| (*text).to_owned()).collect();
        let run = move || causewayctl(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap()
    }
}

pub(crate) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
