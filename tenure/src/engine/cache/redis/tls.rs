//! TLS: whom to trust, and who we are.

use std::fs;

use redis::{Client, ClientTlsConfig, ConnectionInfo, RedisResult, TlsCertificates};

use super::location::Asked;
use crate::{engine::tls::cryptography, settings::SettingsError};

/// Certificates from files, where the settings name some.
pub(super) type Certificates = TlsCertificates;

/// The certificates that `asked` names.
pub(super) fn certificates(asked: &Asked<'_>) -> Result<Option<Certificates>, SettingsError> {
    cryptography();
    let read = |name: &str| -> Result<Option<Vec<u8>>, SettingsError> {
        let Some(path) = asked.option(name) else {
            return Ok(None);
        };
        let content = fs::read(&path);
        content.map(Some).map_err(|error| {
            let needed = format!("a file in PEM format is needed ({error})");
            asked.wrong(name, &path, &needed)
        })
    };
    let root_cert = read("ssl_ca_certs")?;
    let client_tls = match (read("ssl_certfile")?, read("ssl_keyfile")?) {
        (Some(client_cert), Some(client_key)) => Some(ClientTlsConfig {
            client_cert,
            client_key,
        }),
        (None, None) => None,
        _ => {
            let needed = "ssl_certfile and ssl_keyfile are needed both, or neither";
            return Err(asked.wrong("ssl_certfile", "alone", needed));
        }
    };
    let some = root_cert.is_some() || client_tls.is_some();
    Ok(some.then_some(TlsCertificates {
        client_tls,
        root_cert,
    }))
}

/// A client for one server.
pub(super) fn client(
    info: ConnectionInfo,
    certificates: Option<Certificates>,
) -> RedisResult<Client> {
    match certificates {
        Some(certificates) => Client::build_with_tls(info, certificates),
        None => Client::open(info),
    }
}

/// Certificates for the servers that the sentinels name, and for the sentinels.
#[cfg(feature = "redis-sentinel")]
pub(super) fn for_sentinel(
    builder: redis::sentinel::SentinelClientBuilder,
    certificates: Option<&Certificates>,
) -> redis::sentinel::SentinelClientBuilder {
    let builder = builder.set_client_to_sentinel_tls_mode(redis::TlsMode::Secure);
    match certificates {
        Some(certificates) => builder
            .set_client_to_redis_certificates(certificates.clone())
            .set_client_to_sentinel_certificates(certificates.clone()),
        None => builder,
    }
}

/// Certificates for the nodes that the first ones name.
#[cfg(feature = "redis-cluster")]
pub(super) fn for_cluster(
    builder: redis::cluster::ClusterClientBuilder,
    certificates: Option<&Certificates>,
) -> redis::cluster::ClusterClientBuilder {
    match certificates {
        Some(certificates) => builder.certs(certificates.clone()),
        None => builder,
    }
}
