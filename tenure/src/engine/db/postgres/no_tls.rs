//! What stands for TLS where it is not compiled in.

use std::error::Error;

use super::super::encryption::{Asked, Mode};

/// Connects without TLS.
pub(super) type Tls = tokio_postgres::NoTls;

/// Refuses what must not go in the clear.
pub(super) fn connector(asked: &Asked) -> Result<Tls, String> {
    match asked.mode {
        Mode::Disable | Mode::Prefer => Ok(tokio_postgres::NoTls),
        _ => Err("TLS needs the feature `postgres-tls` of the crate `tenure`".into()),
    }
}

/// It never does.
pub(super) fn is_tls(_error: &(dyn Error + 'static)) -> bool {
    false
}
