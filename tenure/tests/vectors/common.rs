//! What the tests of whole requests share.

use std::{
    fmt::Write as _,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use tenure::{
    SessionKey, Settings,
    system::{RandomError, System},
};

/// The vectors that a real Django made.
pub(crate) fn vectors(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../interop/vectors")
        .join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn unix(seconds: &Value) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs_f64(seconds.as_f64().unwrap())
}

/// A clock that stands still, and a random source that makes the given keys first.
#[derive(Debug)]
pub(crate) struct Scripted {
    pub(crate) now: Mutex<SystemTime>,
    letters: Mutex<Vec<u8>>,
}

impl Scripted {
    pub(crate) fn new(now: SystemTime, keys: &[&str]) -> Arc<Self> {
        let alphabet = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let index =
            |letter: u8| u8::try_from(alphabet.iter().position(|l| *l == letter).unwrap()).unwrap();
        let letters = keys.iter().flat_map(|key| key.bytes()).map(index).collect();
        Arc::new(Self {
            now: Mutex::new(now),
            letters: Mutex::new(letters),
        })
    }
}

impl System for Scripted {
    fn now(&self) -> SystemTime {
        *self.now.lock().unwrap()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        let mut letters = self.letters.lock().unwrap();
        for (place, byte) in bytes.iter_mut().enumerate() {
            // What is drawn beyond a key's letters stands in for unfair bytes, of which there are none here.
            *byte = if letters.is_empty() || place >= SessionKey::LENGTH {
                7
            } else {
                letters.remove(0)
            };
        }
        Ok(())
    }
}

/// Settings of a vector, from Django's names.
pub(crate) fn settings(
    secret: &str,
    names: Option<&Value>,
) -> Result<Settings, tenure::SettingsError> {
    testkit::leaks::watch();
    let mut toml = format!(
        "SECRET_KEY = {}\nTENURE_DEVELOPMENT = true\n",
        Value::from(secret)
    );
    for (name, value) in names.and_then(Value::as_object).into_iter().flatten() {
        // TOML has no null: Django's None is `false` where it means the same, else "None".
        let value = match value {
            Value::Null if name == "SESSION_COOKIE_SAMESITE" => Value::from(false),
            Value::Null => Value::from("None"),
            value => value.clone(),
        };
        writeln!(toml, "{name} = {value}").unwrap();
    }
    Settings::from_toml(&toml)
}
