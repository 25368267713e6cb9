//! The certificates and the key of a connection, as text.

use reqwest::{Certificate, ClientBuilder, Identity};

use super::error::ClientError;
use crate::settings::{Secret, SecretError, SecretSource, TlsConfig};

const CERTIFICATE_HINT: &str =
    "it wants PEM, which has the line `-----BEGIN CERTIFICATE-----` above each certificate";
const KEY_HINT: &str = "it wants PKCS #8 without a password, which begins with `-----BEGIN PRIVATE KEY-----`; `openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW` makes it of any other";

/// Certificates and key, as their files have them at some moment.
#[derive(PartialEq)]
pub(super) struct Pem {
    ca: Option<Secret>,
    identity: Option<(Secret, Secret)>,
}

impl Pem {
    /// Reads what `config` names, if it names anything.
    ///
    /// # Errors
    /// [`SecretError`].
    pub(super) fn read(config: &TlsConfig) -> Result<Self, SecretError> {
        let ca = config.ca.as_ref().map(SecretSource::read).transpose()?;
        let identity = match &config.identity {
            Some((cert, key)) => Some((cert.read()?, key.read()?)),
            None => None,
        };
        Ok(Self { ca, identity })
    }

    /// Adds whom to trust, and the certificate to show. `config` says where they come from.
    ///
    /// # Errors
    /// [`ClientError::Pem`].
    pub(super) fn trusted(
        &self,
        mut builder: ClientBuilder,
        config: &TlsConfig,
    ) -> Result<ClientBuilder, ClientError> {
        if let (Some(pem), Some(source)) = (&self.ca, &config.ca) {
            let certificates = Certificate::from_pem_bundle(pem.expose().as_bytes());
            let certificates = certificates.unwrap_or_default();
            if certificates.is_empty() {
                return Err(ClientError::Pem {
                    source_of_it: source.to_string(),
                    reason: "there is no certificate in it",
                    hint: CERTIFICATE_HINT,
                });
            }
            builder = builder.tls_certs_only(certificates);
        }
        if let (Some((cert, key)), Some((cert_source, key_source))) =
            (&self.identity, &config.identity)
        {
            let cert = cert.expose().as_bytes();
            if Certificate::from_pem_bundle(cert).map_or(true, |found| found.is_empty()) {
                return Err(ClientError::Pem {
                    source_of_it: cert_source.to_string(),
                    reason: "there is no certificate in it",
                    hint: CERTIFICATE_HINT,
                });
            }
            let identity =
                Identity::from_pkcs8_pem(cert, key.expose().as_bytes()).map_err(|_| {
                    ClientError::Pem {
                        source_of_it: key_source.to_string(),
                        reason: "this is no key that can be used",
                        hint: KEY_HINT,
                    }
                })?;
            builder = builder.identity(identity);
        }
        Ok(builder)
    }
}
