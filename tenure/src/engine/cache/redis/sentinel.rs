//! A primary that sentinels know.

use redis::{
    ConnectionAddr, ConnectionInfo, RedisFuture, TlsMode,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};
use tokio::sync::Mutex;

use super::{
    link::{Live, Place},
    location::Server,
    tls,
};

/// The primary by its name. The sentinels are asked for each connection, so that a new one finds the primary of today.
pub(super) struct Sentinels {
    client: Mutex<SentinelClient>,
    address: String,
}

impl Sentinels {
    /// `primary` has the primary's name for a host.
    pub(super) fn new(
        sentinels: &[ConnectionInfo],
        name: &str,
        primary: &Server,
    ) -> redis::RedisResult<Self> {
        let address: Vec<_> = sentinels.iter().map(|at| at.addr().to_string()).collect();
        let addresses = sentinels.iter().map(|at| at.addr().clone());
        let mut builder = SentinelClientBuilder::new(addresses, name, SentinelServerType::Master)?;
        let redis = primary.info.redis_settings();
        builder = builder
            .set_client_to_redis_db(redis.db())
            .set_client_to_redis_protocol(redis.protocol())
            .set_client_to_redis_tcp_settings(primary.info.tcp_settings().clone());
        if let Some(username) = redis.username() {
            builder = builder.set_client_to_redis_username(username);
        }
        if let Some(password) = redis.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        if matches!(primary.info.addr(), ConnectionAddr::TcpTls { .. }) {
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
            builder = tls::for_sentinel(builder, primary.certificates.as_ref());
        }
        if let Some(sentinel) = sentinels.first() {
            let login = sentinel.redis_settings();
            builder = builder.set_client_to_sentinel_tcp_settings(sentinel.tcp_settings().clone());
            if let Some(username) = login.username() {
                builder = builder.set_client_to_sentinel_username(username);
            }
            if let Some(password) = login.password() {
                builder = builder.set_client_to_sentinel_password(password);
            }
        }
        Ok(Self {
            client: Mutex::new(builder.build()?),
            address: format!("{} (primary {name})", address.join(", ")),
        })
    }
}

impl Place for Sentinels {
    fn connect(&self) -> RedisFuture<'_, Live> {
        Box::pin(async move {
            let client = self.client.lock().await.async_get_client().await?;
            Live::to(&client).await
        })
    }

    fn address(&self) -> &str {
        &self.address
    }
}
