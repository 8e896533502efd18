//! Whom to trust, and what it looks like when somebody is not trusted.

use std::{error::Error, io};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// The authorities in `file`, which is in PEM format, or else those that the system trusts.
pub(super) fn authorities(file: Option<&str>) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = match file {
        Some(path) => CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|error| format!("{path:?} cannot be read ({error})"))?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    // A system may trust what is too old to be understood here.
    let usable = |certificate: &CertificateDer<'static>| {
        RootCertStore::empty().add(certificate.clone()).is_ok()
    };
    let usable: Vec<_> = found.into_iter().filter(usable).collect();
    match (usable.is_empty(), file) {
        (false, _) => Ok(usable),
        (true, Some(path)) => Err(format!("{path:?} has no certificate of an authority")),
        (true, None) => Err(
            "this system trusts no authority: install its certificates (`apt-get install ca-certificates`), or name a file with some".into(),
        ),
    }
}

/// Whether TLS itself failed, and not the network below it.
pub(super) fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        // What is in it is not its source.
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}
