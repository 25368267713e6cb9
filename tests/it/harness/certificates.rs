//! An authority of the tests, and what it signed.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

/// Made once for all tests of a process.
pub(crate) static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(Certificates::make);

/// All in PEM.
pub(crate) struct Certificates {
    /// The authority's certificate.
    pub(crate) ca: String,
    /// The certificate of another authority, which signed none of these.
    pub(crate) stranger: String,
    /// For `127.0.0.1` and `prometheus.test`.
    pub(crate) server: Identity,
    /// For whoever connects.
    pub(crate) client: Identity,
}

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Certificates {
    fn make() -> Self {
        let directory = TempDir::new().expect("there is a directory for temporary files");
        let directory = directory.path();
        let authority = |name| certificate(directory, name, &["-addext", "keyUsage=keyCertSign"]);
        let signed = |name, extensions: &[&str]| {
            let by = ["-CA", "ca.pem", "-CAkey", "ca.key"];
            certificate(directory, name, &[&by, extensions].concat())
        };
        let ca = authority("ca").certificate;
        let names = "subjectAltName=IP:127.0.0.1,DNS:prometheus.test";
        let end = "basicConstraints=critical,CA:false";
        Self {
            ca,
            stranger: authority("stranger").certificate,
            server: signed("server", &["-addext", names, "-addext", end]),
            client: signed(
                "client",
                &["-addext", "extendedKeyUsage=clientAuth", "-addext", end],
            ),
        }
    }
}

/// Makes a certificate that holds from now for two days, and its key.
fn certificate(directory: &Path, name: &str, rest: &[&str]) -> Identity {
    let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
    let subject = format!("/CN=aw-sync-agent tests {name}");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
        .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-subj", &subject, "-out", &certificate, "-keyout", &key])
        .args(rest)
        .current_dir(directory)
        .output()
        .expect("openssl is installed");
    assert!(
        made.status.success(),
        "openssl: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    let read =
        |file: &str| fs::read_to_string(directory.join(file)).expect("openssl has written it");
    Identity {
        certificate: read(&certificate),
        key: read(&key),
    }
}
