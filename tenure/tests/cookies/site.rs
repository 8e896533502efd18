//! A site with cookie sessions, and browsers that visit it.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tenure::{
    ResponseHeaders, Session, SessionError, Sessions, Settings,
    engine::cookies::{EncryptedCookies, Revocation, SignedCookies},
    testing::{self, MemoryStore, TestSystem},
};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Engine {
    Signed,
    Encrypted,
}

pub(crate) const ENGINES: [Engine; 2] = [Engine::Signed, Engine::Encrypted];

pub(crate) fn revoking() -> Revocation {
    Revocation::store(MemoryStore::default(), &testing::settings())
}

pub(crate) fn clock() -> Arc<TestSystem> {
    Arc::new(TestSystem::at(start()))
}

pub(crate) fn start() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_790_000_000_250)
}

impl Engine {
    pub(crate) fn sessions(
        self,
        settings: &Settings,
        revocation: Revocation,
        system: &Arc<TestSystem>,
    ) -> Sessions {
        testkit::leaks::watch();
        let system = system.clone();
        match self {
            Self::Signed => {
                let store = SignedCookies::new(settings, revocation).unwrap();
                let store = store.with_system(system.clone());
                Sessions::with_system(store, settings, system).unwrap()
            }
            Self::Encrypted => {
                let store = EncryptedCookies::new(settings, revocation).unwrap();
                let store = store.with_system(system.clone());
                Sessions::with_system(store, settings, system).unwrap()
            }
        }
    }
}

/// Keeps cookies by name. `Clone` is what a thief does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Browser {
    pub(crate) jar: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn header(&self) -> Option<String> {
        let pairs: Vec<_> = self.jar.iter().map(|(n, v)| format!("{n}={v}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    pub(crate) fn take(&mut self, headers: ResponseHeaders) {
        for line in headers.set_cookies() {
            assert!(line.len() <= 4096, "{} bytes", line.len());
            let pair = line.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// A request whose response has this status.
    pub(crate) async fn answered(
        &mut self,
        sessions: &Sessions,
        status: u16,
        handler: impl AsyncFnOnce(&Session) -> Result<(), SessionError>,
    ) -> Result<ResponseHeaders, SessionError> {
        let header = self.header();
        let lazy = sessions.begin(header.as_deref().map(str::as_bytes));
        let done = match lazy.load().await {
            Ok(session) => handler(&session).await,
            Err(error) => Err(error),
        };
        let finished = match done {
            Err(error) => Err(error),
            Ok(()) => match sessions.finish_now(&lazy, status) {
                Some(headers) => Ok(headers),
                None => sessions.finish(&lazy, status).await,
            },
        };
        match finished {
            Ok(headers) => Ok(headers),
            Err(error) => {
                let headers = sessions.finish_now(&lazy, error.status());
                self.take(headers.unwrap_or_default());
                Err(error)
            }
        }
    }

    pub(crate) async fn visit(
        &mut self,
        sessions: &Sessions,
        handler: impl AsyncFnOnce(&Session) -> Result<(), SessionError>,
    ) -> Result<(), SessionError> {
        let headers = self.answered(sessions, 200, handler).await?;
        self.take(headers);
        Ok(())
    }

    /// Writes, in a request of its own.
    pub(crate) async fn set(
        &mut self,
        sessions: &Sessions,
        key: &str,
        value: impl serde::Serialize,
    ) {
        let wrote = self.visit(sessions, async |session| session.insert(key, value));
        wrote.await.unwrap();
    }

    /// What the session holds; this browser forgets what the response says.
    pub(crate) async fn sees(&self, sessions: &Sessions) -> String {
        let mut seen = String::new();
        let mut browser = self.clone();
        let visited = browser.visit(sessions, async |session| {
            for key in session.keys() {
                let value: serde_json::Value = session.get(&key)?.unwrap_or_default();
                for part in [&key, "=", &value.to_string(), " "] {
                    seen.push_str(part);
                }
            }
            Ok(())
        });
        visited.await.unwrap();
        seen
    }
}
