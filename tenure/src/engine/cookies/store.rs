//! A store whose keys are the sessions.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    format::{Format, NotOpened, Opened, Sealing},
    revocation::{Generation, Revocation},
    size::Size,
};
use crate::{
    error::StoreError,
    key::SessionKey,
    moment::Moment,
    record::{Record, Version},
    settings::Settings,
    store::{Created, Listed, Powers, Renamed, Saved, SessionStore},
    system::{OperatingSystem, System},
};

/// Sessions in cookies, signed or encrypted. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct CookieStore<F> {
    format: F,
    size: Size,
    revocation: Revocation,
    cookie_age: Duration,
    system: Arc<dyn System>,
}

/// What is random in a cookie.
#[derive(Default)]
struct Drawn {
    nonce: [u8; 24],
    generation: [u8; 16],
}

impl<F> CookieStore<F> {
    pub(super) fn of(format: F, settings: &Settings, revocation: Revocation) -> Self {
        Self {
            format,
            size: Size::new(settings),
            revocation,
            cookie_age: settings.cookie_age,
            system: Arc::new(OperatingSystem),
        }
    }

    /// The same store, by this clock and this random source. For tests.
    #[must_use]
    pub fn with_system(mut self, system: Arc<dyn System>) -> Self {
        self.system = system;
        self
    }

    fn now(&self) -> Moment {
        self.system.now().into()
    }

    /// Ends the generation; `false` if it had been ended before.
    async fn revoke(&self, generation: Generation) -> Result<bool, StoreError> {
        // A save that looked just before may still be making a cookie, and its server's clock may be ahead.
        const SLACK: Duration = Duration::from_mins(15);
        let until = self.system.now() + self.cookie_age + SLACK;
        self.revocation.revoke(generation, until).await
    }
}

#[expect(
    private_bounds,
    reason = "what is in here is private too, and there are no other formats"
)]
impl<F: Format> CookieStore<F> {
    /// What a genuine cookie holds, also if it has ended.
    fn open(&self, key: &SessionKey) -> Result<Option<Opened>, StoreError> {
        match self.format.open(key.as_str(), self.now()) {
            Ok(opened) => Ok(Some(opened)),
            Err(NotOpened::Refused(why)) => {
                tracing::warn!(
                    engine = F::ENGINE,
                    "a session cookie is refused: {why}; it counts as none"
                );
                Ok(None)
            }
            Err(NotOpened::Failed(error)) => Err(error),
        }
    }

    /// As [`open`](Self::open), unless the session was ended.
    async fn open_unless_revoked(&self, key: &SessionKey) -> Result<Option<Opened>, StoreError> {
        let Some(opened) = self.open(key)? else {
            return Ok(None);
        };
        // Nobody can use what has ended by itself: that it was revoked too need not be asked.
        let ended = opened.expires_at <= self.now();
        let revoked = !ended && self.revocation.is_revoked(opened.generation).await?;
        Ok((!revoked).then_some(opened))
    }

    /// Random bytes, in one draw; zeros where the format has no use for them.
    fn draw(&self) -> Result<Drawn, StoreError> {
        let mut bytes = [0; 24 + 16];
        if self.format.is_random() {
            let filled = self.system.fill_random(&mut bytes);
            filled.map_err(|error| StoreError::unavailable("no cookie can be made", error))?;
        }
        let mut drawn = Drawn::default();
        let (nonce, generation) = bytes.split_at(drawn.nonce.len());
        drawn.nonce.copy_from_slice(nonce);
        drawn.generation.copy_from_slice(generation);
        Ok(drawn)
    }

    fn seal(
        &self,
        record: &Record,
        generation: Generation,
        nonce: [u8; 24],
        issued: Moment,
    ) -> Result<SessionKey, StoreError> {
        let sealing = Sealing {
            data: &record.data,
            expires_at: record.expires_at.into(),
            generation,
            issued,
            nonce,
        };
        let value = self.format.seal(&sealing, &self.size)?;
        // Made of letters, digits and few signs, so it is a key.
        SessionKey::parse(&value).ok_or(StoreError::Unsupported {
            engine: F::ENGINE,
            operation: "write this session",
        })
    }

    fn seal_anew(&self, record: &Record) -> Result<SessionKey, StoreError> {
        let Drawn { nonce, generation } = self.draw()?;
        self.seal(record, Generation(generation), nonce, self.now())
    }
}

impl<F: Format> SessionStore for CookieStore<F> {
    fn engine(&self) -> &'static str {
        F::ENGINE
    }

    fn powers(&self) -> Powers {
        Powers {
            in_key: true,
            ..Powers::default()
        }
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        match &self.revocation {
            Revocation::Store(store) => store.prepare().await,
            Revocation::Off => Ok(()),
        }
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        let opened = self.open_unless_revoked(key).await?;
        Ok(opened.map(|opened| {
            let mut record = Record::new(opened.data, opened.expires_at.into());
            record.by_fallback = opened.by_fallback;
            record
        }))
    }

    async fn create(&self, _key: &SessionKey, record: &Record) -> Result<Created, StoreError> {
        self.seal_anew(record).map(Created::Rekeyed)
    }

    async fn save(
        &self,
        key: &SessionKey,
        record: &Record,
        _base: &Version,
    ) -> Result<Saved, StoreError> {
        let Some(opened) = self.open_unless_revoked(key).await? else {
            return Ok(Saved::Gone);
        };
        // A cookie ends so long after it was made: one that is only signed anew stays as old as it is.
        let issued = if record.by_fallback {
            opened.issued
        } else {
            self.now()
        };
        self.seal(record, opened.generation, self.draw()?.nonce, issued)
            .map(Saved::Rekeyed)
    }

    /// Ends the session's generation. Without a revocation store there is nothing that could be ended.
    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        match self.open(key)? {
            Some(opened) => self.revoke(opened.generation).await,
            None => Ok(false),
        }
    }

    async fn rename(
        &self,
        old: &SessionKey,
        _new: &SessionKey,
        record: &Record,
        _base: &Version,
    ) -> Result<Renamed, StoreError> {
        let Some(opened) = self.open(old)? else {
            return Ok(Renamed::Gone);
        };
        // Before the old one is ended, as it may not fit.
        let key = self.seal_anew(record)?;
        // Two that end it are told apart: else a new key could be made of a session that was ended since it was loaded.
        let revoked = self.revoke(opened.generation).await?;
        if revoked || matches!(self.revocation, Revocation::Off) {
            Ok(Renamed::Rekeyed(key))
        } else {
            Ok(Renamed::Gone)
        }
    }

    /// What has ended is not accepted any more, and there is nothing to remove.
    async fn delete_expired(
        &self,
        _key: &SessionKey,
        _now: SystemTime,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Removes what is remembered of sessions whose cookies have all ended.
    async fn clear_expired(&self, now: SystemTime, limit: usize) -> Result<u64, StoreError> {
        match &self.revocation {
            Revocation::Store(store) => store.clear_expired(now, limit).await,
            Revocation::Off => Ok(0),
        }
    }

    async fn scan(&self, _after: Option<&str>, _limit: usize) -> Result<Vec<Listed>, StoreError> {
        Err(StoreError::Unsupported {
            engine: F::ENGINE,
            operation: "list its sessions: they are in the visitors' cookies, and nothing is kept on the server",
        })
    }
}
