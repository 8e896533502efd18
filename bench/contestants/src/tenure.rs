//! tenure, with Django's settings, as its users write it.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use tenure::{
    Secret, Session, SessionError, SessionLayer, Sessions, Settings, settings::CacheSettings,
};

use crate::{Error, USER_ID, payload};

// Django's own, so that it could read what is stored.
const REDIS: &str = "django.core.cache.backends.redis.RedisCache";
const MEMCACHED: &str = "django.core.cache.backends.memcached.PyMemcacheCache";

/// `None` if there is no engine of this name.
pub(crate) async fn open(engine: &str, url: &str) -> Result<Option<Router>, Error> {
    let Some(settings) = settings(engine, url) else {
        return Ok(None);
    };
    let sessions = Sessions::open(settings).await?;
    sessions.store().prepare().await?;
    let routes = Router::new()
        .route("/plain", get(async || "ok"))
        .route("/read", get(read))
        .route("/write", get(write))
        .route("/new", get(new))
        .route("/fill/{size}", get(fill))
        .layer(SessionLayer::from(sessions));
    Ok(Some(routes))
}

fn settings(engine: &str, url: &str) -> Option<Settings> {
    let mut settings = Settings::django();
    settings.secret_key = Some(Secret::new("for the benchmark alone, never for a site"));
    match engine {
        "sqlite" | "postgres" | "mysql" => settings.set_database_url(database_url(url)),
        "redis" => cache(&mut settings, REDIS, url),
        "memcached" => cache(&mut settings, MEMCACHED, url),
        "memory" => cache(&mut settings, "tenure.cache.memory", url),
        "file" => {
            settings.engine = "file".into();
            settings.file_path = Some(url.into());
        }
        "signed-cookies" | "encrypted-cookies" => {
            settings.engine = engine.replace('-', "_");
            settings.cookie_revocation = Some("none".into());
        }
        "cached-db" => {
            let (database, in_front) = url.split_once(' ')?;
            let is_redis = in_front.starts_with("redis");
            let backend = if is_redis { REDIS } else { MEMCACHED };
            cache(&mut settings, backend, in_front);
            settings.set_database_url(database_url(database));
            settings.engine = "cached_db".into();
        }
        _ => return None,
    }
    Some(settings)
}

/// A file of SQLite's is named by its path.
fn database_url(url: &str) -> String {
    if url.starts_with('/') {
        format!("sqlite://{url}?mode=rwc")
    } else {
        url.to_owned()
    }
}

fn cache(settings: &mut Settings, backend: &str, url: &str) {
    let mut entry = CacheSettings::default();
    entry.backend = backend.into();
    entry.location = if url.is_empty() {
        Vec::new()
    } else {
        vec![url.into()]
    };
    settings.engine = "cache".into();
    settings.caches = BTreeMap::from([("default".into(), entry)]);
}

async fn read(session: Session) -> Result<Response, SessionError> {
    let user: Option<u64> = session.get("user_id")?;
    Ok(match user {
        Some(user) => user.to_string().into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
}

async fn write(session: Session) -> Result<String, SessionError> {
    let visits = session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
    Ok(visits.to_string())
}

async fn new(session: Session) -> Result<&'static str, SessionError> {
    session.insert("user_id", USER_ID)?;
    Ok("ok")
}

async fn fill(session: Session, Path(size): Path<String>) -> Result<Response, SessionError> {
    let values: Option<serde_json::Map<String, serde_json::Value>> =
        payload::json(&size).and_then(|json| serde_json::from_str(&json).ok());
    let Some(values) = values else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    for (key, value) in values {
        session.insert(&key, value)?;
    }
    Ok("ok".into_response())
}
