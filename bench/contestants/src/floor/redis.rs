//! Redis: one multiplexed connection, and the script that compares and swaps by its digest.

use std::{sync::Arc, time::Duration};

use redis::{
    AsyncCommands as _, AsyncConnectionConfig, Client, Script, aio::MultiplexedConnection,
};

use super::Floor;
use crate::{Error, TWO_WEEKS};

/// 1 if the value was still the first argument.
const SWAP: &str = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1";

/// As long as tenure waits. The driver's own half second is too short while thousands of connections are being opened.
const PATIENCE: Duration = Duration::from_secs(4);

#[derive(Clone)]
pub(super) struct Redis {
    connection: MultiplexedConnection,
    swap: Arc<Script>,
}

impl Redis {
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        Ok(Self {
            connection: connect(url).await?,
            swap: Arc::new(Script::new(SWAP)),
        })
    }
}

pub(super) async fn connect(url: &str) -> Result<MultiplexedConnection, Error> {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    let client = Client::open(url)?;
    Ok(client
        .get_multiplexed_async_connection_with_config(&config)
        .await?)
}

impl Floor for Redis {
    type Session = String;

    async fn load(&self, key: &str) -> Result<Option<String>, Error> {
        Ok(self.connection.clone().get(key).await?)
    }

    async fn swap(&self, key: &str, old: &String, new: &str) -> Result<bool, Error> {
        let mut call = self.swap.key(key);
        call.arg(old).arg(new).arg(TWO_WEEKS);
        Ok(call.invoke_async(&mut self.connection.clone()).await?)
    }

    async fn create(&self, key: &str, json: &str) -> Result<(), Error> {
        let mut command = redis::cmd("SET");
        command
            .arg(key)
            .arg(json)
            .arg("NX")
            .arg("EX")
            .arg(TWO_WEEKS);
        let free: bool = command.query_async(&mut self.connection.clone()).await?;
        free.then_some(()).ok_or("the key is taken".into())
    }
}
