//! tenure, with a store in memory.

use std::sync::Arc;

use axum::routing::get;
use http::Request;
use tenure::{LazySession, Session, SessionKey, SessionLayer, Sessions, testing::MemoryStore};
use tower_layer::Layer;

use crate::{
    Case, Error, Task, Work,
    case::new_value,
    contestant::{Bare, Contestant, THEME, answer, expect_theme, router, status, to_router},
    requests::with_layer,
    system::Steady,
    task::now,
};

/// tenure with Django's settings.
#[derive(Debug)]
pub struct Tenure {
    sessions: Sessions,
    cookie: String,
}

impl Tenure {
    /// Over the store that comes for tests.
    ///
    /// # Errors
    ///
    /// When the session that requests will use cannot be stored.
    pub fn new() -> Result<Self, Error> {
        let settings = tenure::testing::settings();
        let system = Arc::new(Steady::default());
        Self::with(Sessions::with_system(
            MemoryStore::default(),
            &settings,
            system,
        )?)
    }

    /// With `sessions`, whose store must answer at once.
    ///
    /// # Errors
    ///
    /// When the session that requests will use cannot be stored.
    pub fn with(sessions: Sessions) -> Result<Self, Error> {
        let key = now(stored(&sessions))??;
        Ok(Self {
            sessions,
            cookie: format!("sessionid={}", key.as_str()),
        })
    }

    fn forget(&self, set_cookie: &str) -> Result<(), Error> {
        let key = set_cookie
            .strip_prefix("sessionid=")
            .and_then(|rest| rest.split(';').next())
            .and_then(SessionKey::parse)
            .ok_or("no session cookie")?;
        now(self.sessions.store().delete(&key))??;
        Ok(())
    }
}

async fn stored(sessions: &Sessions) -> Result<SessionKey, Error> {
    let session = sessions.new_session().load().await?;
    session.insert("theme", THEME)?;
    session.insert("visits", new_value())?;
    session.save().await?;
    Ok(session.key().ok_or("the session was not stored")?)
}

impl Contestant for Tenure {
    fn name(&self) -> &'static str {
        "tenure"
    }

    fn bare(&self, case: &Case) -> Result<Task<'_>, Error> {
        let work = case.work;
        let service = Bare(move |request: Request<()>| async move {
            Ok(answer(&by_hand(request.extensions().get(), work).await))
        });
        let service = SessionLayer::from(self.sessions.clone()).layer(service);
        Ok(with_layer(service, case, &self.cookie, |sent| {
            self.forget(sent)
        }))
    }

    fn axum(&self, case: &Case) -> Result<Task<'_>, Error> {
        let view = match case.work {
            Work::Nothing => get(|| async {}),
            Work::Read => get(|session: Session| async move { status(&read(&session)) }),
            Work::Write => get(|session: Session| async move { status(&write(&session)) }),
        };
        let router = router(view).layer(SessionLayer::from(self.sessions.clone()));
        Ok(to_router(router, case, &self.cookie, |sent| {
            self.forget(sent)
        }))
    }
}

/// What the extractor does in axum.
async fn by_hand(session: Option<&LazySession>, work: Work) -> Result<(), Error> {
    let session = session.ok_or("no session in the request")?;
    match work {
        Work::Nothing => Ok(()),
        Work::Read => read(&session.load().await?),
        Work::Write => write(&session.load().await?),
    }
}

fn read(session: &Session) -> Result<(), Error> {
    let theme: Option<String> = session.get("theme")?;
    expect_theme(theme.as_deref())
}

fn write(session: &Session) -> Result<(), Error> {
    Ok(session.insert("visits", new_value())?)
}
