//! Django's signed cookies: nothing is kept on the server.

use std::sync::Arc;

use serde_json::Value;
use tenure::{
    Sessions, Settings,
    engine::cookies::{Revocation, SignedCookies},
};

use crate::{Kept, Place, common::Scripted, compare};

/// Cases in which tenure does something else than Django, and why.
pub(crate) const DELIBERATE: &[(&str, &str)] = &[
    ("signed_cookies_unknown_read", REMOVED),
    ("signed_cookies_unknown_delete_key", REMOVED),
    ("signed_cookies_unknown_clear", REMOVED),
    ("signed_cookies_unknown_save_every_untouched", REMOVED),
    ("signed_cookies_unknown_save_every_read", REMOVED),
    ("signed_cookies_unknown_random_1", REMOVED),
    ("signed_cookies_expired_read", REMOVED),
    ("signed_cookies_expired_delete_key", REMOVED),
    ("signed_cookies_expired_clear", REMOVED),
    ("signed_cookies_expired_save_every_untouched", REMOVED),
    ("signed_cookies_expired_save_every_read", REMOVED),
    ("signed_cookies_expired_random_0", REMOVED),
    ("signed_cookies_expired_random_2", REMOVED),
    ("signed_cookies_tampered_read", REMOVED),
    ("signed_cookies_tampered_delete_key", REMOVED),
    ("signed_cookies_tampered_clear", REMOVED),
    ("signed_cookies_tampered_save_every_untouched", REMOVED),
    ("signed_cookies_tampered_save_every_read", REMOVED),
    ("signed_cookies_tampered_random_2", REMOVED),
    ("signed_cookies_short_random_0", SAVED),
];
const REMOVED: &str = "a cookie that counts as none is taken away as soon as it is looked at: Django replaces it by a signed empty session, \
                       or lets it be";
const SAVED: &str = "what was saved by a call before the response failed is kept, as in the other engines, so the cookie is sent: Django \
                     sends none with a status of 500";

struct Cookies(Sessions);

impl Place for Cookies {
    async fn open(settings: Settings, system: Arc<Scripted>) -> Self {
        let store = SignedCookies::new(&settings, Revocation::Off).unwrap();
        let store = store.with_system(system.clone());
        Self(Sessions::with_system(store, &settings, system).unwrap())
    }

    fn sessions(&self) -> &Sessions {
        &self.0
    }

    async fn put(&self, _: &Value) {}

    async fn kept(&self, _: &Value) -> Kept {
        Kept::new()
    }
}

#[tokio::test]
async fn requests_with_signed_cookies() {
    compare::<Cookies>("signed_cookies", DELIBERATE).await;
}
