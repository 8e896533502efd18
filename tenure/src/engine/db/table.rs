//! What a database has to bring: the statements on `django_session`.

use std::{future::Future, sync::Arc, time::SystemTime};

use crate::{
    error::StoreError,
    store::{Index, Listed},
};

/// A row of `django_session`, without its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// The column `session_data`.
    pub data: String,
    /// The column `expire_date`.
    pub expires_at: SystemTime,
}

// The data is the visitor's own.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What became of the update of a row in a known state.
#[derive(Debug)]
pub enum Updated {
    /// It was made.
    Done,
    /// The row is there, with other data.
    Other(Row),
    /// There is no such row.
    Gone,
    /// There is a row under the new key already.
    Taken,
}

/// The statements on `django_session`, in one database's words. All that a database has to bring: [`DbStore`](super::DbStore) makes a
/// store of it.
///
/// Every method fails if the database is unavailable, and leaves the table as it was then.
pub trait SessionTable: Send + Sync + 'static {
    /// The row under `key`, also if it has ended.
    fn select(&self, key: &str) -> impl Future<Output = Result<Option<Row>, StoreError>> + Send;

    /// Adds a row unless there is one under `key`; tells whether the key was free.
    fn insert(&self, key: &str, row: Row) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Replaces the row under `key` if its data is still `base`, moving it to `new_key` if one is given.
    fn update(
        &self,
        key: &str,
        new_key: Option<&str>,
        row: Row,
        base: &str,
    ) -> impl Future<Output = Result<Updated, StoreError>> + Send;

    /// Moves the date, never backwards, of a row whose data is still `base`; tells whether there was one.
    fn touch(
        &self,
        key: &str,
        expires_at: SystemTime,
        base: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes the row under `key`; with `ended_by`, only one that has ended by then. Tells whether there was one.
    fn delete(
        &self,
        key: &str,
        ended_by: Option<SystemTime>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes the rows under all of these keys, of which there are at most 1,000. The default deletes one after the other.
    fn delete_many(&self, keys: &[&str]) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            for key in keys {
                self.delete(key, None).await?;
            }
            Ok(())
        }
    }

    /// The index of users' sessions in a table of the same database. The default is none: the index is kept in rows of this table then.
    fn index(self: &Arc<Self>) -> Option<Index>
    where
        Self: Sized,
    {
        None
    }

    /// Deletes at most `limit` rows that ended before `before`; tells how many. Fewer than `limit` means that none are left, but those that
    /// another program holds locked at the moment.
    fn delete_ended(
        &self,
        before: SystemTime,
        limit: usize,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The next `limit` rows whose keys come after `after`, in order of their keys.
    fn list(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Listed>, StoreError>> + Send;

    /// Makes Django's table and its indexes, unless they are there.
    fn create_table(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A column's text. What is no UTF-8 will not verify, so that it does not matter what becomes of it. Text that is, is looked at once and
/// not copied: `from_utf8_lossy` takes 2,600 instructions for a session of 300 bytes.
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
pub(super) fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
