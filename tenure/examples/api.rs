//! An API whose clients keep the session's key themselves, in a header. Run it with
//! `TENURE_DEVELOPMENT=true cargo run -p tenure --example api`, then:
//!
//! ```text
//! curl -i http://127.0.0.1:8000                            # answers with X-Session-Token: KEY
//! curl -i http://127.0.0.1:8000 -H 'X-Session-Token: KEY'  # or -H 'Authorization: Bearer KEY'
//! ```

use axum::{Router, routing::get};
use tenure::{Session, SessionError, SessionLayer, Settings, settings::Transport};

async fn count(session: Session) -> Result<String, SessionError> {
    let calls = session.update("calls", |calls: Option<u32>| calls.unwrap_or(0) + 1)?;
    Ok(format!("Call {calls}.\n"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    let mut settings = Settings::load()?;
    settings.transports = vec![Transport::Header];
    let sessions = SessionLayer::open(settings).await?;
    let app: Router = Router::new().route("/", get(count)).layer(sessions);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
