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
    expiry::{EXPIRY_KEY, ExpiryRules, StoredExpiry},
    json::Json,
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
            codec: codec.inflate_limit(settings.max_size),
            rules: ExpiryRules::new(settings),
            zone: settings.zone()?,
            cookie_age: settings.cookie_age,
            generations: matches!(revocation, Revocation::Store(_)),
        };
        Ok(Self::of(format, settings, revocation))
    }
}

impl Format for Signed {
    const ENGINE: &'static str = "signed_cookies";

    fn open(&self, value: &str, now: Moment) -> Result<Opened, NotOpened> {
        let opened = self.codec.open(value)?;
        let (mut data, signed_at) = (opened.data, opened.signed_at);
        let own_end = match StoredExpiry::read(data.get_json(EXPIRY_KEY), &self.zone) {
            own @ (StoredExpiry::Relative(_) | StoredExpiry::At(_)) => {
                Some(self.rules.date(own, signed_at))
            }
            StoredExpiry::Absent | StoredExpiry::BrowserClose => None,
        };
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
        let value = if self.generations {
            let mut data = sealing.data.clone();
            let text = BASE64_URL_SAFE_NO_PAD.encode(sealing.generation.0);
            data.insert(GENERATION_KEY, Json::from_canonical(&format!("{text:?}")));
            self.codec.encode(&data, sealing.issued.into())
        } else {
            self.codec.encode(sealing.data, sealing.issued.into())
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
