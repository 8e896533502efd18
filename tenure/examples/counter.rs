//! Counts a visitor's visits. Run it with `TENURE_DEVELOPMENT=true cargo run -p tenure --example counter`, then open
//! <http://127.0.0.1:8000>.

use axum::{Router, routing::get};
use tenure::{Session, SessionError, SessionLayer, Settings};

async fn count(session: Session) -> Result<String, SessionError> {
    // Two tabs that load at the same moment both count: the closure runs again on what the other has saved.
    let visits = session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
    Ok(format!("You have been here {visits} times.\n"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    let sessions = SessionLayer::open(Settings::load()?).await?;
    let app: Router = Router::new().route("/", get(count)).layer(sessions);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
