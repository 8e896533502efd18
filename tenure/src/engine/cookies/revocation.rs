//! Which sessions were ended, though their cookies live on.

use std::time::SystemTime;

use crate::{
    codec::hex,
    data::Data,
    error::StoreError,
    key::SessionKey,
    record::Record,
    settings::Settings,
    store::{Created, SessionStore, Store},
};

/// What all cookies of one session have in common, from its beginning or its last `cycle_key` on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation(pub(super) [u8; 16]);

impl Generation {
    /// What an ended generation is kept under: 39 characters, as Django's column takes 40.
    fn key(self) -> Option<SessionKey> {
        SessionKey::parse(&format!("revoked{}", hex(&self.0)))
    }
}

/// Where a cookie engine remembers which sessions were ended: what makes a logout a logout. See the [module docs](super).
///
/// ```
/// use tenure::{engine::cookies::{Revocation, SignedCookies}, testing};
///
/// let settings = testing::settings();
/// let revocation = Revocation::store(testing::MemoryStore::default(), &settings);
/// let store = SignedCookies::new(&settings, revocation)?;
/// # Ok::<(), tenure::SettingsError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Revocation {
    /// In this store, as empty sessions under keys that begin with `revoked`, each until the last cookie that it concerns has ended. An
    /// outage of it is an outage of the sessions: nobody counts as logged in, or as logged out, because it could not be asked.
    Store(Store),
    /// Nowhere: a logout takes the cookie from the browser that logs out, and whoever has a copy stays logged in until it ends.
    Off,
}

impl Revocation {
    /// In this store, with the deadline of the settings.
    pub fn store(store: impl SessionStore, settings: &Settings) -> Self {
        Self::Store(Store::new(store, settings.store_timeout))
    }

    /// Whether the generation was ended.
    pub(super) async fn is_revoked(&self, generation: Generation) -> Result<bool, StoreError> {
        match (self, generation.key()) {
            (Self::Store(store), Some(key)) => Ok(store.load(&key).await?.is_some()),
            _ => Ok(false),
        }
    }

    /// Ends the generation, whose cookies have all ended at `until`; `false` if it had been ended before.
    ///
    /// Of two that end it at once, one is told that it was the first.
    pub(super) async fn revoke(
        &self,
        generation: Generation,
        until: SystemTime,
    ) -> Result<bool, StoreError> {
        let (Self::Store(store), Some(key)) = (self, generation.key()) else {
            return Ok(false);
        };
        match store.create(&key, &Record::new(Data::new(), until)).await? {
            Created::Created(_) => Ok(true),
            Created::Taken => Ok(false),
            Created::Rekeyed(_) => Err(StoreError::Unsupported {
                engine: store.engine(),
                operation: "remember which sessions were ended, as it keeps nothing on the server",
            }),
        }
    }
}
