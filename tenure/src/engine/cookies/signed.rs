//! Django's signed cookies.
//!
//! Mirrors `django/contrib/sessions/backends/signed_cookies.py` (Django 5.2). Its salt is the same in every version; the second salt that
//! 5.2.15 brought is for `set_signed_cookie`, which has nothing to do with sessions.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::{
    format::{Format, NotOpened, Opened, Refused, Sealing, end},
    revocation::{Generation, Revocation},
    size::Size,
    store::CookieStore,
};
use crate::{
    codec::SignedJson,
    error::StoreError,
    expiry::{ExpiryRules, StoredExpiry, micros},
    json::Json,
    limits::Terms,
    moment::{Moment, Zone},
    settings::{Settings, SettingsError},
};

const SALT: &str = "django.contrib.sessions.backends.signed_cookies";
/// Where the generation stands in the session. Django carries it along.
const GENERATION_KEY: &str = "_tenure_generation";

/// Sessions in signed cookies. Django's engine `django.contrib.sessions.backends.signed_cookies`.
///
/// Visitors can read what is in them. With [`Revocation::Off`] they are Django's to the byte; otherwise a session has one more key,
/// `_tenure_generation`, which handlers do not see and Django keeps. A session that Django has made is known by the hash of its cookie
/// until its first save here gives it that key; cookies that Django gave out before stay valid until they end. A logout in Django is not
/// remembered.
///
/// Differs from Django in that the session's own expiry counts on the server, too. As there, no session lasts longer than
/// `SESSION_COOKIE_AGE` after its last save.
///
/// ```
/// use tenure::{Sessions, engine::cookies::{Revocation, SignedCookies}, testing};
///
/// let settings = testing::settings();
/// let store = SignedCookies::new(&settings, Revocation::Off)?;
/// let sessions = Sessions::new(store, &settings)?;
/// # Ok::<(), tenure::SettingsError>(())
/// ```
pub type SignedCookies = CookieStore<Signed>;

/// The format of [`SignedCookies`].
#[derive(Clone, Debug)]
pub struct Signed {
    codec: SignedJson,
    rules: ExpiryRules,
    zone: Zone,
    cookie_age: Duration,
    /// Whether cookies carry a generation.
    generations: bool,
}

impl CookieStore<Signed> {
    /// Sessions in cookies as the settings say.
    ///
    /// # Errors
    ///
    /// When the secret or the time zone of the settings cannot be used.
    pub fn new(settings: &Settings, revocation: Revocation) -> Result<Self, SettingsError> {
        let codec =
            SignedJson::with_salt(SALT, &settings.secret()?, &settings.secret_key_fallbacks);
        let format = Signed {
            codec: codec.for_cookies().inflate_limit(settings.max_size),
            rules: ExpiryRules::new(settings),
            zone: settings.zone()?,
            cookie_age: settings.cookie_age,
            generations: matches!(revocation, Revocation::Store(_)),
        };
        Ok(Self::of(format, settings, revocation))
    }
}

impl Signed {
    /// When a cookie that was signed at this moment ends, if the session itself says so.
    fn own_end(&self, terms: Terms, signed_at: Moment) -> Option<Moment> {
        let own_end = match terms.expiry {
            own @ (StoredExpiry::Relative(_) | StoredExpiry::At(_)) => {
                self.rules.date(own, signed_at)
            }
            StoredExpiry::Absent | StoredExpiry::BrowserClose => return None,
        };
        // The cookie age tells when a limit ends it: see `signed_at`.
        let limited = terms.are_limited().then(|| self.last(signed_at));
        Some(limited.map_or(own_end, |last| last.min(own_end)))
    }

    fn last(&self, signed_at: Moment) -> Moment {
        signed_at.plus_micros(micros(self.cookie_age))
    }

    /// The time to sign a cookie with. It is all that tells Django and us when the cookie ends, so one that a limit ends sooner, or that is
    /// not to be prolonged by being written, is dated back.
    fn signed_at(&self, sealing: &Sealing<'_>) -> Moment {
        let terms = self.rules.terms(sealing.data, &self.zone);
        let (now, expires_at) = (sealing.issued, sealing.expires_at);
        let own_end = self.rules.date(terms.expiry, now);
        let early = own_end.min(self.last(now)).micros() - expires_at.micros();
        // The time is in whole seconds.
        if early < 1_000_000 {
            return now;
        }
        let length = self.rules.length(terms.expiry).unwrap_or(i64::MAX);
        expires_at.plus_micros(-length.min(micros(self.cookie_age)))
    }
}

impl Format for Signed {
    const ENGINE: &'static str = "signed_cookies";

    fn is_random(&self) -> bool {
        self.generations
    }

    fn open(&self, value: &str, now: Moment) -> Result<Opened, NotOpened> {
        let opened = self.codec.open(value)?;
        let (mut data, signed_at) = (opened.data, opened.signed_at);
        let terms = self.rules.terms(&data, &self.zone);
        let own_end = self.own_end(terms, signed_at);
        let expires_at = end(signed_at, own_end, self.cookie_age, now)?;
        // Where nothing is revoked it is a value like others, carried along for those who do.
        let own = self.generations.then(|| data.remove(GENERATION_KEY));
        let generation = match own.flatten() {
            Some(json) => generation_of(&json).ok_or(Refused::Content)?,
            None => digest(value),
        };
        Ok(Opened {
            data,
            expires_at,
            generation,
            issued: signed_at,
            by_fallback: opened.by_fallback,
        })
    }

    fn seal(&self, sealing: &Sealing<'_>, size: &Size) -> Result<String, StoreError> {
        let signed_at = self.signed_at(sealing).into();
        let value = if self.generations {
            let mut data = sealing.data.clone();
            let text = BASE64_URL_SAFE_NO_PAD.encode(sealing.generation.0);
            data.insert(GENERATION_KEY, Json::from_canonical(&format!("{text:?}")));
            self.codec.encode(&data, signed_at)
        } else {
            self.codec.encode(sealing.data, signed_at)
        };
        size.check(value.len())?;
        Ok(value)
    }
}

fn generation_of(json: &Json) -> Option<Generation> {
    let text = json.to::<String>().ok()?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    bytes.try_into().ok().map(Generation)
}

/// What stands for the generation of a session that Django has made. Its first save here keeps it, and so what ends that ends this cookie.
fn digest(value: &str) -> Generation {
    let mut generation = Generation([0; 16]);
    for (to, from) in generation.0.iter_mut().zip(Sha256::digest(value)) {
        *to = from;
    }
    generation
}
