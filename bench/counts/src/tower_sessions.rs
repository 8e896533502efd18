//! tower-sessions, with its own store in memory.

use std::sync::Arc;

use axum::routing::get;
use http::Request;
use tower_layer::Layer;
use tower_sessions::{
    Expiry, MemoryStore, Session, SessionManagerLayer, SessionStore,
    cookie::time::Duration,
    session::{Id, Record},
};

use crate::{
    Case, Error, Task, Work,
    case::new_value,
    contestant::{Bare, Contestant, THEME, answer, expect_theme, router, status, to_router},
    requests::with_layer,
    task::now,
};

/// tower-sessions as it comes, but with sessions of two weeks as in Django, so that both write the cookie's age.
#[derive(Debug)]
pub struct TowerSessions {
    store: MemoryStore,
    cookie: String,
}

const EXPIRY: Expiry = Expiry::OnInactivity(Duration::weeks(2));

impl TowerSessions {
    /// Over the store that comes with it.
    ///
    /// # Errors
    ///
    /// When the session that requests will use cannot be stored.
    pub fn new() -> Result<Self, Error> {
        let store = MemoryStore::default();
        let id = now(stored(&store))??;
        Ok(Self {
            store,
            cookie: format!("id={id}"),
        })
    }

    fn layer(&self) -> SessionManagerLayer<MemoryStore> {
        SessionManagerLayer::new(self.store.clone()).with_expiry(EXPIRY)
    }

    fn forget(&self, set_cookie: &str) -> Result<(), Error> {
        let id: Id = set_cookie
            .strip_prefix("id=")
            .and_then(|rest| rest.split(';').next())
            .ok_or("no session cookie")?
            .parse()?;
        now(self.store.delete(&id))??;
        Ok(())
    }
}

async fn stored(store: &MemoryStore) -> Result<Id, Error> {
    let session = Session::new(None, Arc::new(store.clone()), Some(EXPIRY));
    session.insert("theme", THEME).await?;
    session.insert("visits", new_value()).await?;
    session.save().await?;
    let id = session.id().ok_or("the session was not stored")?;
    let record: Option<Record> = store.load(&id).await?;
    let record = record.ok_or("the session is not in the store")?;
    Ok(record.id)
}

impl Contestant for TowerSessions {
    fn name(&self) -> &'static str {
        "tower-sessions 0.15.0"
    }

    fn bare(&self, case: &Case) -> Result<Task<'_>, Error> {
        let work = case.work;
        let service = Bare(move |request: Request<()>| async move {
            Ok(answer(&by_hand(request.extensions().get(), work).await))
        });
        let service = self.layer().layer(service);
        Ok(with_layer(service, case, &self.cookie, |sent| {
            self.forget(sent)
        }))
    }

    fn axum(&self, case: &Case) -> Result<Task<'_>, Error> {
        let view = match case.work {
            Work::Nothing => get(|| async {}),
            Work::Read => get(|session: Session| async move { status(&read(&session).await) }),
            Work::Write => get(|session: Session| async move { status(&write(&session).await) }),
        };
        let router = router(view).layer(self.layer());
        Ok(to_router(router, case, &self.cookie, |sent| {
            self.forget(sent)
        }))
    }
}

/// What the extractor does in axum.
async fn by_hand(session: Option<&Session>, work: Work) -> Result<(), Error> {
    let session = session.ok_or("no session in the request")?;
    match work {
        Work::Nothing => Ok(()),
        Work::Read => read(session).await,
        Work::Write => write(session).await,
    }
}

async fn read(session: &Session) -> Result<(), Error> {
    let theme: Option<String> = session.get("theme").await?;
    expect_theme(theme.as_deref())
}

async fn write(session: &Session) -> Result<(), Error> {
    Ok(session.insert("visits", new_value()).await?)
}
