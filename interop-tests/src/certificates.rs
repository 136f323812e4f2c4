//! TLS certificates for tests: one authority that all peers of a scenario trust, and what it issues.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};

/// Why a certificate could not be made.
pub type Error = rcgen::Error;

/// An authority; its root is what `trusted_roots` names.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key, as the configuration files take them.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The leaf, then the root.
    pub certificate_pem: String,
    /// PKCS #8.
    pub private_key_pem: String,
}

impl Authority {
    /// A new authority with an ECDSA P-256 key.
    ///
    /// # Panics
    /// Never in practice: the parameters are constant and the key is fresh.
    pub fn generate() -> Self {
        Self::try_generate().expect("constant parameters make a root")
    }

    fn try_generate() -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Causeway interop tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, key)? })
    }

    /// The root, PEM.
    pub fn root_pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for server and client authentication. Names that are IP addresses become IP names, the others
    /// DNS names.
    ///
    /// # Panics
    /// If a name is neither.
    pub fn issue(&self, names: &[&str]) -> Issued {
        self.try_issue(names).expect("names of tests are DNS names or IP addresses")
    }

    /// The same after a change of what it says, for peers with odd certificates.
    ///
    /// # Panics
    /// As [`Self::issue`].
    pub fn issue_odd(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Issued {
        self.try_issue_odd(names, change).expect("names of tests are DNS names or IP addresses")
    }

    fn try_issue(&self, names: &[&str]) -> Result<Issued, Error> {
        self.try_issue_odd(names, |_| {})
    }

    fn try_issue_odd(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Result<Issued, Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, names.first().copied().unwrap_or_default());
        params.subject_alt_names = names.iter().map(|name| alternative_name(name)).collect::<Result<_, _>>()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let certificate = params.signed_by(&key, &*self.issuer)?;
        let certificate_pem = format!("{}{}", certificate.pem(), self.root_pem());
        Ok(Issued { certificate_pem, private_key_pem: key.serialize_pem() })
    }
}

fn alternative_name(name: &str) -> Result<SanType, Error> {
    match name.parse() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => Ok(SanType::DnsName(name.try_into()?)),
    }
}
