//! What the store keeps of a browser whose user is remembered: a record beside the sessions, under a name that no cookie holds.
//!
//! Who reads the store learns neither the series nor a token: the name is a keyed hash of the series, and of tokens there are digests.

use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    auth::{AuthError, UserId},
    codec::{hex, signing::salted_hmac},
    data::Data,
    error::{SessionError, StoreError},
    json::Json,
    key::SessionKey,
    moment::Moment,
    record::{Record, Version},
    secret::Secret,
    session::Shared,
    store::{Renamed, Saved},
};

/// The one key in such a record.
const REMEMBER: &str = "_tenure_remember";
/// So long a token still counts after it was replaced, without another one being given out: a page's parallel requests all come with it.
pub(super) const GRACE: Duration = Duration::from_secs(20);

/// As it is kept: user, backend, session hash, digest of the token, digest of the token before, when that was replaced in microseconds.
type Row = (String, String, String, String, Option<String>, i64);

/// Whom a browser's tokens log in, and which of them is the present one.
#[derive(Clone)]
pub(super) struct Family {
    pub(super) user: UserId,
    pub(super) backend: String,
    /// Ties it to the user's present password, as a session.
    pub(super) hash: String,
    token: String,
    before: Option<String>,
    replaced: Moment,
}

/// What a token is to a family.
#[derive(PartialEq, Eq)]
pub(super) enum Standing {
    Present,
    /// It was replaced a moment ago.
    JustReplaced,
    /// It was replaced longer ago, or made up by somebody who knows the series.
    Stale,
}

impl Family {
    pub(super) fn new(user: UserId, backend: &str, hash: String, token: &str, now: Moment) -> Self {
        Self {
            user,
            backend: backend.to_owned(),
            hash,
            token: digest(token),
            before: None,
            replaced: now,
        }
    }

    pub(super) fn standing(&self, token: &str, now: Moment) -> Standing {
        let digest = digest(token);
        let is = |known: &str| bool::from(known.as_bytes().ct_eq(digest.as_bytes()));
        let age = now.micros().saturating_sub(self.replaced.micros());
        // A clock that was set back makes nothing younger.
        let just = (0..micros(GRACE)).contains(&age);
        if is(&self.token) {
            Standing::Present
        } else if just && self.before.as_deref().is_some_and(is) {
            Standing::JustReplaced
        } else {
            Standing::Stale
        }
    }

    /// The same family after its present token was used; `hash` is that of the user's present password.
    pub(super) fn rotated(&self, token: &str, hash: String, now: Moment) -> Self {
        Self {
            hash,
            token: digest(token),
            before: Some(self.token.clone()),
            replaced: now,
            ..self.clone()
        }
    }

    pub(super) fn record(&self, ends: Moment) -> Result<Record, AuthError> {
        let row: Row = (
            self.user.as_str().to_owned(),
            self.backend.clone(),
            self.hash.clone(),
            self.token.clone(),
            self.before.clone(),
            self.replaced.micros(),
        );
        let key = REMEMBER.to_owned();
        let row = Json::of(&row).map_err(|source| SessionError::Value { key, source })?;
        let mut data = Data::new();
        data.insert(REMEMBER, row);
        Ok(Record::new(data, ends.into()))
    }

    fn read(data: &Data) -> Option<Self> {
        let (user, backend, hash, token, before, replaced) =
            data.get::<Row>(REMEMBER).ok().flatten()?;
        Some(Self {
            user: user.parse().ok()?,
            backend,
            hash,
            token,
            before,
            replaced: Moment::from_micros(replaced),
        })
    }
}

/// A token has 165 bits from the random source, so that a plain digest tells nothing of it.
fn digest(token: &str) -> String {
    hex(&Sha256::digest(token))
}

pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// What the store keeps the family of this series under. Keyed, so that who has the cookie cannot name the record.
pub(super) fn name(series: &str, secret: &Secret) -> Option<SessionKey> {
    let mac = salted_hmac("tenure.remember", series.as_bytes(), secret);
    SessionKey::parse(&hex(mac.get(..20)?))
}

/// A family as it was read.
pub(super) struct Found {
    pub(super) name: SessionKey,
    pub(super) family: Family,
    ends: Moment,
    version: Version,
}

/// What became of a change.
pub(super) enum Changed {
    Done,
    /// Another request was quicker.
    Conflict,
    Gone,
}

impl Found {
    pub(super) async fn under(
        shared: &Shared,
        name: SessionKey,
    ) -> Result<Option<Self>, StoreError> {
        let record = shared.store.by_name().load(&name).await?;
        let Some(record) = record.filter(|record| Moment::from(record.expires_at) > shared.now())
        else {
            return Ok(None);
        };
        Ok(Family::read(&record.data).map(|family| Self {
            name,
            family,
            ends: record.expires_at.into(),
            version: record.version,
        }))
    }

    /// The family of this series. After a rotation of the secret it still lies where the older one put it.
    pub(super) async fn by_series(
        shared: &Shared,
        series: &str,
    ) -> Result<Option<Self>, StoreError> {
        for secret in std::iter::once(&shared.secret).chain(&shared.secret_fallbacks) {
            if let Some(name) = name(series, secret)
                && let Some(found) = Self::under(shared, name).await?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Puts `family` in place of this one, under `name`, until `ends`.
    pub(super) async fn replace(
        &self,
        shared: &Shared,
        name: &SessionKey,
        family: &Family,
        ends: Moment,
    ) -> Result<Changed, AuthError> {
        let store = shared.store.by_name();
        let record = family.record(ends)?;
        if *name == self.name {
            let saved = store.save(name, &record, &self.version).await;
            return Ok(match saved.map_err(SessionError::from)? {
                Saved::Conflict(_) => Changed::Conflict,
                Saved::Gone => Changed::Gone,
                Saved::Saved(_) | Saved::Rekeyed(_) => Changed::Done,
            });
        }
        let renamed = store.rename(&self.name, name, &record, &self.version).await;
        Ok(match renamed.map_err(SessionError::from)? {
            Renamed::Conflict(_) => Changed::Conflict,
            Renamed::Gone | Renamed::Taken => Changed::Gone,
            Renamed::Renamed(_) | Renamed::Rekeyed(_) => Changed::Done,
        })
    }
}

/// Ties the family under `name`, if it is there, to the user's new password.
pub(in crate::auth) async fn rehash(
    shared: &Shared,
    name: SessionKey,
    hash: &str,
) -> Result<(), AuthError> {
    let started = Instant::now();
    while started.elapsed() <= shared.store.deadline() {
        let found = Found::under(shared, name.clone()).await;
        let Some(found) = found.map_err(SessionError::from)? else {
            return Ok(());
        };
        let family = Family {
            hash: hash.to_owned(),
            ..found.family.clone()
        };
        let changed = found.replace(shared, &name, &family, found.ends).await?;
        if !matches!(changed, Changed::Conflict) {
            return Ok(());
        }
    }
    let after = started.elapsed();
    Err(SessionError::from(StoreError::Contended { after }).into())
}
