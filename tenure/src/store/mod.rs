//! The contract between a session and the place where it is kept.
//!
//! Four methods make a store: [`load`](SessionStore::load), [`create`](SessionStore::create), [`save`](SessionStore::save) and
//! [`delete`](SessionStore::delete). The others have defaults in terms of these, which a store replaces where it can do better in one
//! step.
//!
//! What every store promises:
//!
//! * **Found, absent and unavailable are three answers**: `Ok(Some(record))`, `Ok(None)`, `Err(error)`.
//! * **The dead stay dead**: `save`, `rename` and `touch` only ever change a session that is there. Only `create` makes one.
//! * **Nothing is overwritten unseen**: `create` never replaces a session, and `save` compares with the version that was loaded.
//!
//! Expiry is judged by the session, not by the store: `load` gives an expired record as it is.

mod answers;
pub(crate) mod index;
mod powers;
mod shared;

use std::{future::Future, time::SystemTime};

pub use self::{
    answers::{Created, Listed, Renamed, Saved},
    index::Index,
    powers::Powers,
    shared::Store,
};
use crate::{
    error::StoreError,
    key::SessionKey,
    record::{Record, Version},
};

/// A place where sessions are kept. See the [module docs](self) for the rules.
///
/// # Example
///
/// A store in the process's memory, with the four methods that every store needs:
///
#[doc = "```"]
#[doc = include_str!("../../tests/engines/map_store.rs")]
#[doc = "```"]
pub trait SessionStore: Send + Sync + 'static {
    /// The engine's short name, as in `SESSION_ENGINE`: `db`.
    fn engine(&self) -> &'static str;

    /// What the store can do beyond the four methods below. The default is nothing.
    fn powers(&self) -> Powers {
        Powers::default()
    }

    /// Makes what the store needs before its first session, unless it is there: a table, a folder. The default needs nothing.
    ///
    /// # Errors
    ///
    /// When the store is unavailable, or refuses.
    fn prepare(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }

    /// The session under `key`, also if it has expired; `None` if there is none.
    ///
    /// # Errors
    ///
    /// When the store cannot tell.
    fn load(
        &self,
        key: &SessionKey,
    ) -> impl Future<Output = Result<Option<Record>, StoreError>> + Send;

    /// Keeps a new session under `key`, unless there is one already.
    ///
    /// # Errors
    ///
    /// When the store is unavailable; nothing is kept then.
    fn create(
        &self,
        key: &SessionKey,
        record: &Record,
    ) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// Replaces the session under `key`, if it is still there and still in version `base`.
    ///
    /// A store that cannot compare versions gives records with an unknown [`Version`] and replaces whatever is there.
    ///
    /// # Errors
    ///
    /// When the store is unavailable; the old session stands then.
    fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> impl Future<Output = Result<Saved, StoreError>> + Send;

    /// Removes the session under `key`; tells whether there was one.
    ///
    /// # Errors
    ///
    /// When the store is unavailable; the session may still be there then.
    fn delete(&self, key: &SessionKey) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes the sessions under all of these keys.
    ///
    /// The default removes one after the other; a store should do it in few steps: ending a thousand sessions of a user waits for it.
    ///
    /// # Errors
    ///
    /// When the store is unavailable; some of the sessions may still be there then.
    fn delete_many(
        &self,
        keys: &[SessionKey],
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            for key in keys {
                self.delete(key).await?;
            }
            Ok(())
        }
    }

    /// As [`save`](Self::save), moving the session from the key `old` to `new` at the same time.
    ///
    /// The default compares, keeps the session under `new`, then deletes `old`, and takes the new one back if `old` was gone: a logout in
    /// between stands. A write by somebody else between these steps is lost; a store that can do it in one step should.
    ///
    /// # Errors
    ///
    /// When the store is unavailable.
    fn rename(
        &self,
        old: &SessionKey,
        new: &SessionKey,
        record: &Record,
        base: &Version,
    ) -> impl Future<Output = Result<Renamed, StoreError>> + Send {
        async move {
            match self.load(old).await? {
                None => return Ok(Renamed::Gone),
                Some(current) if current.version != *base => return Ok(Renamed::Conflict(current)),
                Some(_) => {}
            }
            let version = match self.create(new, record).await? {
                Created::Taken => return Ok(Renamed::Taken),
                Created::Rekeyed(key) => return Ok(Renamed::Rekeyed(key)),
                Created::Created(version) => version,
            };
            if self.delete(old).await? {
                return Ok(Renamed::Renamed(version));
            }
            self.delete(new).await?;
            Ok(Renamed::Gone)
        }
    }

    /// Moves the end of the session under `key` to `expires_at`, never backwards and without touching its data, if it is still there and
    /// still in version `base`; tells whether it was.
    ///
    /// Whoever has saved the session since has set its end too, and may have meant it to end sooner.
    ///
    /// The default loads and saves. Without versions to compare it does nothing, as it could overwrite what somebody else has saved: such
    /// a store needs a `touch` of its own for sessions to be prolonged without a change.
    ///
    /// # Errors
    ///
    /// When the store is unavailable.
    fn touch(
        &self,
        key: &SessionKey,
        expires_at: SystemTime,
        base: &Version,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async move {
            let Some(mut record) = self.load(key).await? else {
                return Ok(false);
            };
            if base.is_unknown() || record.version != *base {
                return Ok(false);
            }
            if record.expires_at >= expires_at {
                return Ok(true);
            }
            record.expires_at = expires_at;
            Ok(matches!(
                self.save(key, &record, base).await?,
                Saved::Saved(_)
            ))
        }
    }

    /// Removes the session under `key` if it has ended by `now`.
    ///
    /// The default looks first and then deletes; a store that can do it in one step should, so that a session that is prolonged in between
    /// stays.
    ///
    /// # Errors
    ///
    /// When the store is unavailable.
    fn delete_expired(
        &self,
        key: &SessionKey,
        now: SystemTime,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async move {
            match self.load(key).await? {
                Some(record) if record.expires_at <= now => self.delete(key).await,
                _ => Ok(false),
            }
        }
    }

    /// Removes at most `limit` sessions that ended before `now`; tells how many. Fewer than `limit` means that none are left, but those that another
    /// program holds locked at the moment.
    ///
    /// The default has nothing to do, for stores that forget by themselves.
    ///
    /// # Errors
    ///
    /// When the store is unavailable; what was removed stays removed.
    fn clear_expired(
        &self,
        now: SystemTime,
        limit: usize,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        let _ = (now, limit);
        async { Ok(0) }
    }

    /// The index of its users' sessions that the store keeps in its own way. The default is none: tenure then keeps the index in records of
    /// the store.
    fn index(&self) -> Option<Index> {
        None
    }

    /// The next `limit` sessions whose names come after `after`, in order of their names.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unsupported`] from a store that cannot list, which is the default.
    fn scan(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Listed>, StoreError>> + Send {
        let _ = (after, limit);
        async {
            Err(StoreError::Unsupported {
                engine: self.engine(),
                operation: "list its sessions",
            })
        }
    }
}
