//! TLS to MySQL and MariaDB, which the driver makes.

use mysql_async::SslOpts;

pub(super) use super::super::authorities::is_tls;
use super::super::{
    authorities::authorities,
    encryption::{Asked, Mode},
};
use crate::engine::tls::cryptography;

/// The driver's options for what `asked` says.
pub(super) fn options(asked: &Asked) -> Result<Option<SslOpts>, String> {
    if asked.mode == Mode::Disable {
        return Ok(None);
    }
    cryptography();
    let options = SslOpts::default();
    if asked.mode != Mode::VerifyFull {
        return Ok(Some(options.with_danger_accept_invalid_certs(true)));
    }
    let roots = authorities(asked.authorities.as_deref())?;
    let roots = roots.iter().map(|root| root.to_vec().into()).collect();
    // In place of Mozilla's, which the driver brings.
    let options = options.with_disable_built_in_roots(true);
    Ok(Some(options.with_root_certs(roots)))
}
