//! What stands for TLS where it is not compiled in.

use std::error::Error;

use mysql_async::SslOpts;

use super::super::encryption::{Asked, Mode};

/// Refuses what must not go in the clear.
pub(super) fn options(asked: &Asked) -> Result<Option<SslOpts>, String> {
    match asked.mode {
        Mode::Disable | Mode::Prefer => Ok(None),
        _ => Err("TLS needs the feature `mysql-tls` of the crate `tenure`".into()),
    }
}

/// It never does.
pub(super) fn is_tls(_error: &(dyn Error + 'static)) -> bool {
    false
}
