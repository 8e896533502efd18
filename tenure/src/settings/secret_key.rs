//! `SECRET_KEY`: what is strong enough, and what stands in for it in development.

use std::sync::OnceLock;

use super::{Settings, SettingsError};
use crate::{
    secret::Secret,
    system::{OperatingSystem, RandomError, System, random_text},
};

/// Django warns below 50 characters (`security.W009` in `django/core/checks/security/base.py`); what is below 32 can be guessed if it is
/// words.
const MIN_CHARACTERS: usize = 32;
const MIN_VARIETY: usize = 5;
const INSECURE_PREFIX: &str = "django-insecure-";
const NEW_SECRET: &str = "`tenure secret` prints a good one; TENURE_DEVELOPMENT = true lets it pass while nobody else uses the site";

/// `get_random_secret_key` of `django/core/management/utils.py`.
const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)";
const LENGTH: usize = 50;

impl Secret {
    /// A new secret of 50 characters, as Django's `startproject` makes them.
    ///
    /// # Errors
    ///
    /// When the random source fails.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::{Secret, system::OperatingSystem};
    ///
    /// assert_eq!(Secret::generate(&OperatingSystem)?.as_bytes().len(), 50);
    /// # Ok::<(), tenure::system::RandomError>(())
    /// ```
    pub fn generate(system: &dyn System) -> Result<Self, RandomError> {
        random_text(system, ALPHABET, LENGTH).map(Self::new)
    }
}

impl Settings {
    /// The secret that signs.
    pub(crate) fn secret(&self) -> Result<Secret, SettingsError> {
        self.check_secret()?;
        match &self.secret_key {
            Some(secret) if !secret.as_bytes().is_empty() => Ok(secret.clone()),
            _ => secret_of_this_process(),
        }
    }

    /// A fallback verifies as the secret does. It is not refused: to rotate a weak secret away is what fallbacks are for.
    pub(super) fn warn_of_weak_fallbacks(&self) {
        let secrets = self.secret_key_fallbacks.iter().map(Secret::as_bytes);
        for weakness in secrets.filter_map(weakness) {
            tracing::warn!(
                "one of SECRET_KEY_FALLBACKS is {weakness}: take it out as soon as its sessions have ended"
            );
        }
    }

    pub(super) fn check_secret(&self) -> Result<(), SettingsError> {
        let fallbacks = &self.secret_key_fallbacks;
        if fallbacks.iter().any(|secret| secret.as_bytes().is_empty()) {
            return Err(SettingsError::described(
                "SECRET_KEY_FALLBACKS",
                "a list with an empty secret",
                "every one must be a secret that was used once",
            ));
        }
        if self.development {
            return Ok(());
        }
        match self
            .secret_key
            .as_ref()
            .map(Secret::as_bytes)
            .and_then(weakness)
        {
            None if self.secret_key.is_some() => Ok(()),
            problem => {
                let problem = problem.unwrap_or_else(|| "missing".into());
                Err(SettingsError::described("SECRET_KEY", &problem, NEW_SECRET))
            }
        }
    }
}

fn weakness(secret: &[u8]) -> Option<String> {
    if secret.is_empty() {
        return Some("empty".into());
    }
    if secret.starts_with(INSECURE_PREFIX.as_bytes()) {
        return Some(
            "one of those that begin with `django-insecure-`, which are for development".into(),
        );
    }
    let text = String::from_utf8_lossy(secret);
    let characters = text.chars().count();
    if characters < MIN_CHARACTERS {
        return Some(format!(
            "only {characters} characters long, and {MIN_CHARACTERS} are needed"
        ));
    }
    let mut different: Vec<_> = text.chars().collect();
    different.sort_unstable();
    different.dedup();
    let different = different.len();
    (different < MIN_VARIETY).then(|| {
        format!("made of only {different} different characters, and {MIN_VARIETY} are needed")
    })
}

/// One for all that is opened in this process, or a login by one part would be unreadable to the next.
fn secret_of_this_process() -> Result<Secret, SettingsError> {
    static SECRET: OnceLock<Secret> = OnceLock::new();
    if let Some(secret) = SECRET.get() {
        return Ok(secret.clone());
    }
    let made = Secret::generate(&OperatingSystem)?;
    Ok(SECRET
        .get_or_init(|| {
            tracing::warn!(
                "SECRET_KEY is missing: development mode makes one, so sessions and logins end with this process"
            );
            made
        })
        .clone())
}
