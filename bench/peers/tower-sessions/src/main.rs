//! axum with tower-sessions, as a contestant of the benchmark.

mod stores;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use peer_payload::{Failure, USER_ID};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tower_sessions::cookie::time::Duration;
use tower_sessions::session::Error;
use tower_sessions::{Expiry, MemoryStore, Session, SessionManagerLayer, SessionStore};

fn main() -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match peer_payload::engine()?.as_str() {
            "memory" => serve(MemoryStore::default()).await,
            "redis" => serve(stores::redis(&peer_payload::url()?).await?).await,
            "sqlite" => serve(stores::sqlite(&peer_payload::url()?).await?).await,
            "postgres" => serve(stores::postgres(&peer_payload::url()?).await?).await,
            "mysql" => serve_up_to(BLOB, stores::mysql(&peer_payload::url()?).await?).await,
            other => Err(format!("no engine {other}").into()),
        }
    })
}

/// Bytes of a session that fit into the column of the MySQL store.
const BLOB: usize = 65_535;

async fn serve(store: impl SessionStore + Clone) -> Result<(), Failure> {
    serve_up_to(usize::MAX, store).await
}

async fn serve_up_to(largest: usize, store: impl SessionStore + Clone) -> Result<(), Failure> {
    let layer =
        SessionManagerLayer::new(store).with_expiry(Expiry::OnInactivity(Duration::weeks(2)));
    let router = Router::new()
        .route("/plain", get(|| async { "ok" }))
        .route("/read", get(read))
        .route("/write", get(write))
        .route("/new", get(new))
        .route("/fill/{size}", get(fill))
        .with_state(largest)
        .layer(layer);
    axum::serve(TcpListener::bind(peer_payload::address()?).await?, router).await?;
    Ok(())
}

async fn read(session: Session) -> Result<String, StatusCode> {
    let user_id: Option<u64> = session.get("user_id").await.map_err(failed)?;
    user_id
        .map(|user_id| user_id.to_string())
        .ok_or(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn write(session: Session) -> Result<String, StatusCode> {
    let visits: Option<u64> = session.get("visits").await.map_err(failed)?;
    let visits = visits.ok_or(StatusCode::INTERNAL_SERVER_ERROR)? + 1;
    session.insert("visits", visits).await.map_err(failed)?;
    Ok(visits.to_string())
}

async fn new(session: Session) -> Result<&'static str, StatusCode> {
    session.insert("user_id", USER_ID).await.map_err(failed)?;
    Ok("ok")
}

async fn fill(
    Path(size): Path<String>,
    State(largest): State<usize>,
    session: Session,
) -> Result<&'static str, StatusCode> {
    let content = peer_payload::session(&size).ok_or(StatusCode::NOT_FOUND)?;
    if peer_payload::length(&content) > largest {
        return Err(StatusCode::NOT_IMPLEMENTED);
    }
    for (key, value) in content {
        session.insert_value(&key, value).await.map_err(failed)?;
    }
    Ok("ok")
}

/// Takes the error by value, as `map_err` hands it over.
#[expect(clippy::needless_pass_by_value)]
fn failed(error: Error) -> StatusCode {
    eprintln!("{error}");
    StatusCode::INTERNAL_SERVER_ERROR
}
