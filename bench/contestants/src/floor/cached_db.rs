//! PostgreSQL with Redis in front of it, each as on its own: what a write has changed in the database goes to the cache as well.

use redis::{AsyncCommands as _, aio::MultiplexedConnection};

use super::{Floor, postgres::Postgres, redis::connect};
use crate::{Error, TWO_WEEKS};

#[derive(Clone)]
pub(super) struct CachedDb {
    database: Postgres,
    cache: MultiplexedConnection,
}

impl CachedDb {
    /// The URL of the database and, after a space, that of the cache.
    pub(super) async fn open(urls: &str) -> Result<Self, Error> {
        let (database, cache) = urls.split_once(' ').ok_or("two URLs are needed")?;
        Ok(Self {
            database: Postgres::open(database).await?,
            cache: connect(cache).await?,
        })
    }

    async fn put(&self, key: &str, json: &str) -> Result<(), Error> {
        Ok(self.cache.clone().set_ex(key, json, TWO_WEEKS).await?)
    }
}

impl Floor for CachedDb {
    type Session = String;

    async fn load(&self, key: &str) -> Result<Option<String>, Error> {
        let cached: Option<String> = self.cache.clone().get(key).await?;
        if cached.is_some() {
            return Ok(cached);
        }
        let Some(row) = self.database.load(key).await? else {
            return Ok(None);
        };
        let json = row.as_ref().to_owned();
        self.put(key, &json).await?;
        Ok(Some(json))
    }

    async fn swap(&self, key: &str, old: &String, new: &str) -> Result<bool, Error> {
        let swapped = self.database.swap_text(key, old, new).await?;
        if swapped {
            self.put(key, new).await?;
        } else {
            // Somebody was faster, and the cache does not show it yet, or does not show it any more.
            let () = self.cache.clone().del(key).await?;
        }
        Ok(swapped)
    }

    async fn create(&self, key: &str, json: &str) -> Result<(), Error> {
        self.database.create(key, json).await?;
        self.put(key, json).await
    }
}
