//! axum with `axum_session`, as a contestant of the benchmark.

mod pools;

use std::fmt::Debug;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum_session::{
    DatabasePool, Session, SessionConfig, SessionLayer, SessionNullPool, SessionStore,
};
use axum_session_redispool::SessionRedisPool;
use axum_session_sqlx::{SessionMySqlPool, SessionPgPool, SessionSqlitePool};
use peer_payload::{Failure, USER_ID};
use time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

fn main() -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match peer_payload::engine()?.as_str() {
            "memory" => serve::<SessionNullPool>(None).await,
            "redis" => {
                let pool = pools::redis(&peer_payload::url()?)?;
                serve(Some(SessionRedisPool::from(pool))).await
            }
            "sqlite" => {
                let pool = pools::sqlite(&peer_payload::url()?).await?;
                serve(Some(SessionSqlitePool::from(pool))).await
            }
            "postgres" => {
                let pool = pools::postgres(&peer_payload::url()?).await?;
                serve(Some(SessionPgPool::from(pool))).await
            }
            "mysql" => {
                let pool = pools::mysql(&peer_payload::url()?).await?;
                serve_up_to(TEXT, Some(SessionMySqlPool::from(pool))).await
            }
            other => Err(format!("no engine {other}").into()),
        }
    })
}

/// Bytes of JSON that fit into the column of the MySQL pool (65,535), with room for what escaping them once more adds.
const TEXT: usize = 50_000;

async fn serve<P>(pool: Option<P>) -> Result<(), Failure>
where
    P: DatabasePool + Clone + Debug + Send + Sync + 'static,
{
    serve_up_to(usize::MAX, pool).await
}

async fn serve_up_to<P>(largest: usize, pool: Option<P>) -> Result<(), Failure>
where
    P: DatabasePool + Clone + Debug + Send + Sync + 'static,
{
    let two_weeks = Duration::weeks(2);
    let config = SessionConfig::default()
        .with_lifetime(two_weeks)
        .with_max_age(Some(two_weeks));
    let store = SessionStore::new(pool, config).await?;
    let router = Router::new()
        .route("/plain", get(|| async { "ok" }))
        .route("/read", get(read::<P>))
        .route("/write", get(write::<P>))
        .route("/new", get(new::<P>))
        .route("/fill/{size}", get(fill::<P>))
        .with_state(largest)
        .layer(SessionLayer::new(store));
    axum::serve(TcpListener::bind(peer_payload::address()?).await?, router).await?;
    Ok(())
}

async fn read<P>(session: Session<P>) -> Result<String, StatusCode>
where
    P: DatabasePool + Clone + Debug + Send + Sync + 'static,
{
    let user_id: Option<u64> = session.get("user_id");
    user_id
        .map(|user_id| user_id.to_string())
        .ok_or(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn write<P>(session: Session<P>) -> Result<String, StatusCode>
where
    P: DatabasePool + Clone + Debug + Send + Sync + 'static,
{
    let visits: Option<u64> = session.get("visits");
    let visits = visits.ok_or(StatusCode::INTERNAL_SERVER_ERROR)? + 1;
    session.set("visits", visits);
    Ok(visits.to_string())
}

async fn new<P>(session: Session<P>) -> &'static str
where
    P: DatabasePool + Clone + Debug + Send + Sync + 'static,
{
    session.set("user_id", USER_ID);
    "ok"
}

async fn fill<P>(
    Path(size): Path<String>,
    State(largest): State<usize>,
    session: Session<P>,
) -> Result<&'static str, StatusCode>
where
    P: DatabasePool + Clone + Debug + Send + Sync + 'static,
{
    let content = peer_payload::session(&size).ok_or(StatusCode::NOT_FOUND)?;
    if peer_payload::length(&content) > largest {
        return Err(StatusCode::NOT_IMPLEMENTED);
    }
    for (key, value) in content {
        session.set(&key, value);
    }
    Ok("ok")
}
