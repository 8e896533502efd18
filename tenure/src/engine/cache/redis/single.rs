//! One server.

use redis::{Client, RedisFuture, RedisResult, aio::ConnectionManager};

use super::{
    link::{Live, Place},
    location::Server,
    tls,
};

/// One server, whose name is looked up again for each connection.
pub(super) struct Single {
    client: Client,
    address: String,
}

impl Single {
    pub(super) fn new(server: Server) -> RedisResult<Self> {
        let address = server.info.addr().to_string();
        let client = tls::client(server.info, server.certificates)?;
        Ok(Self { client, address })
    }
}

impl Place for Single {
    fn connect(&self) -> RedisFuture<'_, Live> {
        Box::pin(Live::to(&self.client))
    }

    fn address(&self) -> &str {
        &self.address
    }
}

/// A connection that the program has already.
pub(super) struct Given(pub(super) ConnectionManager);

impl Place for Given {
    fn connect(&self) -> RedisFuture<'_, Live> {
        let wire = Box::new(self.0.clone());
        Box::pin(async move { Ok(Live { wire, lost: None }) })
    }

    fn address(&self) -> &'static str {
        "the program's own connection"
    }
}
