//! actix-web with actix-session, as a contestant of the benchmark.

use actix_session::config::{CookieContentSecurity, PersistentSession};
use actix_session::storage::{CookieSessionStore, RedisSessionStore, SessionStore};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::cookie::time::Duration;
use actix_web::error::{ErrorInternalServerError, ErrorNotFound, ErrorNotImplemented};
use actix_web::web::{Data, Path, ServiceConfig, get, resource};
use actix_web::{App, HttpServer, Result};
use peer_payload::{Failure, USER_ID};

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    match peer_payload::engine()?.as_str() {
        "bare" => bare().await,
        "redis" => {
            let store = RedisSessionStore::new(peer_payload::url()?).await?;
            let size = LargestSession(usize::MAX);
            serve(move || store.clone(), CookieContentSecurity::Private, size).await
        }
        "encrypted-cookies" => cookie(CookieContentSecurity::Private).await,
        "signed-cookies" => cookie(CookieContentSecurity::Signed).await,
        other => Err(format!("no engine {other}").into()),
    }
}

/// Bytes of JSON that the engine can hold.
#[derive(Clone, Copy)]
struct LargestSession(usize);

/// actix-web without sessions, the base line of the others.
async fn bare() -> Result<(), Failure> {
    HttpServer::new(|| App::new().route("/plain", get().to(plain)))
        .workers(1)
        .bind(peer_payload::address()?)?
        .run()
        .await?;
    Ok(())
}

async fn cookie(security: CookieContentSecurity) -> Result<(), Failure> {
    // The store takes 4064 bytes and writes each value as JSON within a JSON string; the rest is room for what that adds.
    serve(CookieSessionStore::default, security, LargestSession(2_000)).await
}

async fn serve<S: SessionStore + 'static>(
    store: impl Fn() -> S + Clone + Send + 'static,
    security: CookieContentSecurity,
    size: LargestSession,
) -> Result<(), Failure> {
    HttpServer::new(move || {
        // A fixed key: it comes from the settings in production too.
        let sessions = SessionMiddleware::builder(store(), Key::from(&[7; 64]))
            .session_lifecycle(PersistentSession::default().session_ttl(Duration::weeks(2)))
            .cookie_content_security(security)
            .build();
        App::new()
            .wrap(sessions)
            .app_data(Data::new(size))
            .configure(routes)
    })
    .workers(1)
    .bind(peer_payload::address()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(app: &mut ServiceConfig) {
    app.service(resource("/plain").route(get().to(plain)))
        .service(resource("/read").route(get().to(read)))
        .service(resource("/write").route(get().to(write)))
        .service(resource("/new").route(get().to(new)))
        .service(resource("/fill/{size}").route(get().to(fill)));
}

async fn plain() -> &'static str {
    "ok"
}

async fn read(session: Session) -> Result<String> {
    let user_id: Option<u64> = session.get("user_id")?;
    user_id
        .map(|user_id| user_id.to_string())
        .ok_or_else(|| ErrorInternalServerError("no user_id"))
}

async fn write(session: Session) -> Result<String> {
    let visits: Option<u64> = session.get("visits")?;
    let visits = visits.ok_or_else(|| ErrorInternalServerError("no visits"))? + 1;
    session.insert("visits", visits)?;
    Ok(visits.to_string())
}

async fn new(session: Session) -> Result<&'static str> {
    session.insert("user_id", USER_ID)?;
    Ok("ok")
}

async fn fill(
    size: Path<String>,
    session: Session,
    largest: Data<LargestSession>,
) -> Result<&'static str> {
    let content = peer_payload::session(&size).ok_or_else(|| ErrorNotFound("no such size"))?;
    if peer_payload::length(&content) > largest.0 {
        return Err(ErrorNotImplemented("more than a cookie holds"));
    }
    for (key, value) in content {
        session.insert(key, value)?;
    }
    Ok("ok")
}
