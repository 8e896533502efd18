//! Django's signed cookies: nothing is kept on the server.

use std::sync::Arc;

use serde_json::Value;
use tenure::{
    Sessions, Settings,
    engine::cookies::{Revocation, SignedCookies},
};

use crate::{Kept, Place, common::Scripted, compare};

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
    compare::<Cookies>("signed_cookies").await;
}
