//! The cryptography of TLS.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};

/// What the program has chosen, or else ring's. A driver that makes TLS by itself panics before there is a choice.
pub(super) fn cryptography() -> Arc<CryptoProvider> {
    if CryptoProvider::get_default().is_none() {
        let _ = ring::default_provider().install_default();
    }
    CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(ring::default_provider()))
}
