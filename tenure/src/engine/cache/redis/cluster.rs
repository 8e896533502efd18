//! A cluster.

use std::time::Duration;

use redis::{
    Cmd, ErrorKind, ProtocolVersion, RedisError, RedisFuture, RedisResult, ServerErrorKind, Value,
    cluster::ClusterClient, cluster_async::ClusterConnection,
    cluster_routing::SingleNodeRoutingInfo,
};

use super::{
    link::{Live, Place, Wire},
    location::Server,
    tls,
};

/// How often a command is sent to where a cluster says, or after it has come to terms with itself.
const ATTEMPTS: usize = 10;
/// Between two attempts at a cluster that is coming to terms with itself.
const PAUSE: Duration = Duration::from_millis(100);

/// A cluster, by some of its nodes.
pub(super) struct Cluster {
    client: ClusterClient,
    address: String,
}

impl Cluster {
    pub(super) fn new(servers: &[Server], patience: Duration) -> RedisResult<Self> {
        let address: Vec<_> = servers
            .iter()
            .map(|server| server.info.addr().to_string())
            .collect();
        let nodes = servers.iter().map(|server| server.info.clone());
        let mut builder = ClusterClient::builder(nodes)
            // It would also send again what may have run. What surely has not, `Nodes` does send again.
            .retries(0)
            .connection_timeout(patience / 2)
            .response_timeout(patience)
            .use_protocol(ProtocolVersion::RESP3);
        if let Some(server) = servers.first() {
            builder = builder.tcp_settings(server.info.tcp_settings().clone());
            builder = tls::for_cluster(builder, server.certificates.as_ref());
        }
        Ok(Self {
            client: builder.build()?,
            address: address.join(", "),
        })
    }
}

impl Place for Cluster {
    fn connect(&self) -> RedisFuture<'_, Live> {
        Box::pin(async move {
            let wire = Box::new(Nodes(self.client.get_async_connection().await?));
            Ok(Live { wire, lost: None })
        })
    }

    fn address(&self) -> &str {
        &self.address
    }

    fn is_cluster(&self) -> bool {
        true
    }
}

/// A connection to a cluster's nodes. It mends itself.
struct Nodes(ClusterConnection);

impl Wire for Nodes {
    fn send<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let mut answer = self.by_slot(command).await;
            for _ in 1..ATTEMPTS {
                let Err(error) = &answer else { break };
                answer = match error.kind() {
                    ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask) => {
                        self.follow(error, command).await
                    }
                    // The nodes agree soon on who has what, as after a failover. None of these has run the command.
                    ErrorKind::Server(
                        ServerErrorKind::TryAgain
                        | ServerErrorKind::ClusterDown
                        | ServerErrorKind::MasterDown
                        | ServerErrorKind::ReadOnly,
                    )
                    | ErrorKind::ClusterConnectionNotFound => {
                        tokio::time::sleep(PAUSE).await;
                        self.by_slot(command).await
                    }
                    _ => break,
                };
            }
            answer
        })
    }

    fn share(&self) -> Box<dyn Wire> {
        Box::new(Self(self.0.clone()))
    }
}

impl Nodes {
    async fn by_slot(&mut self, command: &Cmd) -> RedisResult<Value> {
        use redis::aio::ConnectionLike;
        let answer = self.0.req_packed_command(command).await;
        answer.and_then(Value::extract_error)
    }

    /// To the node that the answer names. `ASKING` lets it serve a key of a slot that is still on its way there.
    async fn follow(&mut self, error: &RedisError, command: &Cmd) -> RedisResult<Value> {
        let node = error
            .redirect_node()
            .and_then(|(node, _)| node.rsplit_once(':'));
        let Some((host, port)) = node.and_then(|(host, port)| Some((host, port.parse().ok()?)))
        else {
            return Err(error.clone());
        };
        let mut pipeline = redis::pipe();
        if error.kind() == ErrorKind::Server(ServerErrorKind::Ask) {
            pipeline.cmd("ASKING");
        }
        pipeline.add_command(command.clone());
        let route = SingleNodeRoutingInfo::ByAddress {
            host: host.to_owned(),
            port,
        };
        let count = pipeline.len();
        let answers = self.0.route_pipeline(pipeline, 0, count, route).await?;
        answers
            .into_iter()
            .last()
            .unwrap_or(Value::Nil)
            .extract_error()
    }
}
