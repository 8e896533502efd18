//! Cookies that are not ours, or not any more: no session, a warning, and never a panic.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use tenure::{Secret, Sessions, Settings, engine::cookies::Revocation, testing};

use crate::site::{Browser, ENGINES, Engine, clock, revoking};

const NAME: &str = "sessionid";

async fn cookie(sessions: &Sessions, name: &str) -> String {
    let mut browser = Browser::default();
    browser.set(sessions, "user", 7).await;
    browser.jar[name].clone()
}

async fn sees(sessions: &Sessions, name: &str, value: &str) -> String {
    let mut browser = Browser::default();
    browser.jar.insert(name.to_owned(), value.to_owned());
    browser.sees(sessions).await
}

/// The warnings of what `test` does.
async fn warnings<T>(test: impl Future<Output = T>) -> (T, String) {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let answer = test.await;
    let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (answer, written)
}

#[tokio::test]
async fn r19_every_flipped_bit_and_every_shorter_text_is_refused_and_reported() {
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), revoking(), &clock());
        let good = cookie(&sessions, NAME).await;
        assert_eq!(sees(&sessions, NAME, &good).await, "user=7 ");
        let ((), log) = warnings(async {
            for place in 0..good.len() {
                for bit in 0..7 {
                    let mut bytes = good.clone().into_bytes();
                    bytes[place] ^= 1 << bit;
                    let bad = String::from_utf8(bytes).unwrap();
                    assert_eq!(sees(&sessions, NAME, &bad).await, "", "{engine:?} {bad}");
                }
            }
            for length in 0..good.len() {
                assert_eq!(
                    sees(&sessions, NAME, &good[..length]).await,
                    "",
                    "{engine:?}"
                );
            }
            for longer in [format!("{good}A"), format!("{good}="), format!("{good}~")] {
                assert_eq!(sees(&sessions, NAME, &longer).await, "", "{engine:?}");
            }
        })
        .await;
        let reported = log.matches("a session cookie is refused").count();
        assert!(reported > good.len() * 4, "{engine:?}: {reported}");
        assert!(!log.contains(&good[..20]), "{engine:?}");
    }
}

#[tokio::test]
async fn advisory_cve_2026_6873_a_cookie_counts_only_where_it_was_made_for() {
    let other = |change: fn(&mut Settings)| {
        let mut settings = testing::settings();
        change(&mut settings);
        settings
    };
    let system = clock();
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), revoking(), &system);
        let good = cookie(&sessions, NAME).await;
        let foreign = other(|settings| {
            settings.secret_key = Some(Secret::new("another secret, of another site with its own"));
        });
        let foreign = engine.sessions(&foreign, revoking(), &system);
        assert_eq!(sees(&foreign, NAME, &good).await, "", "{engine:?}");
        // Django binds a signed cookie neither to its name nor to a site.
        let expected = if engine == Engine::Signed {
            "user=7 "
        } else {
            ""
        };
        let named = other(|settings| settings.cookie_name = "adminid".into());
        let named = engine.sessions(&named, revoking(), &system);
        assert_eq!(sees(&named, "adminid", &good).await, expected, "{engine:?}");
        let elsewhere = other(|settings| settings.site = "staging".into());
        let elsewhere = engine.sessions(&elsewhere, revoking(), &system);
        assert_eq!(sees(&elsewhere, NAME, &good).await, expected, "{engine:?}");
    }
}

#[tokio::test]
async fn r19_the_engines_refuse_each_others_cookies_and_those_of_tables() {
    let system = clock();
    let settings = testing::settings();
    let [signed, encrypted] = ENGINES.map(|engine| engine.sessions(&settings, revoking(), &system));
    let of_signed = cookie(&signed, NAME).await;
    let of_encrypted = cookie(&encrypted, NAME).await;
    assert_eq!(sees(&encrypted, NAME, &of_signed).await, "");
    assert_eq!(sees(&signed, NAME, &of_encrypted).await, "");
    let secret = settings.secret_key.as_ref().unwrap();
    let data = tenure::Data::from_json(br#"{"user":7}"#).unwrap();
    let row = tenure::codec::SignedJson::new(secret, &[]).encode(&data, crate::site::start());
    for sessions in [&signed, &encrypted] {
        assert_eq!(sees(sessions, NAME, &row).await, "");
        assert_eq!(sees(sessions, NAME, "eyJ1c2VyIjo3fQ").await, "");
        assert_eq!(
            sees(sessions, NAME, "k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f").await,
            ""
        );
    }
}

#[tokio::test]
async fn no_other_version_and_no_other_key_is_tried() {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    let mut settings = testing::settings();
    let system = clock();
    let old = Engine::Encrypted.sessions(&settings, Revocation::Off, &system);
    let of_old = cookie(&old, NAME).await;
    settings.secret_key_fallbacks = settings.secret_key.take().into_iter().collect();
    settings.secret_key = Some(Secret::new(
        "the new secret, which seals from now on, alone",
    ));
    let new = Engine::Encrypted.sessions(&settings, Revocation::Off, &system);
    let of_new = cookie(&new, NAME).await;
    assert_eq!(sees(&new, NAME, &of_old).await, "user=7 ");
    let mut old_bytes = BASE64_URL_SAFE_NO_PAD.decode(&of_old).unwrap();
    let new_bytes = BASE64_URL_SAFE_NO_PAD.decode(&of_new).unwrap();
    assert_ne!(old_bytes[1..5], new_bytes[1..5]);
    // The id of the other key, under which it was not sealed.
    old_bytes[1..5].copy_from_slice(&new_bytes[1..5]);
    let swapped = BASE64_URL_SAFE_NO_PAD.encode(&old_bytes);
    assert_eq!(sees(&new, NAME, &swapped).await, "");
    for version in [0, 2, 255] {
        let mut bytes = new_bytes.clone();
        bytes[0] = version;
        let changed = BASE64_URL_SAFE_NO_PAD.encode(&bytes);
        assert_eq!(sees(&new, NAME, &changed).await, "", "{version}");
    }
}

#[tokio::test]
async fn nobody_can_read_an_encrypted_cookie_or_tell_lengths_apart() {
    let sessions = Engine::Encrypted.sessions(&testing::settings(), revoking(), &clock());
    let mut lengths = std::collections::BTreeSet::new();
    let mut seen = std::collections::BTreeSet::new();
    for length in 0..64 {
        let mut browser = Browser::default();
        browser.set(&sessions, "secret", "x".repeat(length)).await;
        let value = browser.jar[NAME].clone();
        lengths.insert(value.len());
        assert!(seen.insert(value));
    }
    assert!(lengths.len() <= 2, "{lengths:?}");
    // The same session twice is two values.
    let one = cookie(&sessions, NAME).await;
    assert_ne!(one, cookie(&sessions, NAME).await);
}

#[tokio::test]
async fn a_megabyte_of_cookies_takes_no_time() {
    for engine in ENGINES {
        let sessions = engine.sessions(&testing::settings(), revoking(), &clock());
        let good = cookie(&sessions, NAME).await;
        let started = Instant::now();
        for header in [
            format!("{NAME}={}", "A".repeat(1 << 20)),
            format!("{NAME}={good}; x={}", "~".repeat(1 << 20)),
            format!("{NAME}={}", ":".repeat(16_000)),
            format!("{NAME}={}", "~".repeat(16_000)),
            format!("{NAME}={}", good.repeat(16_000 / good.len())),
        ] {
            let lazy = sessions.begin([header.as_bytes()]);
            assert!(lazy.load().await.unwrap().is_empty(), "{engine:?}");
        }
        assert!(started.elapsed() < Duration::from_secs(2), "{engine:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_bytes_are_nobody(header in prop::collection::vec(any::<u8>(), 0..300), chunks in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            for engine in ENGINES {
                let mut settings = testing::settings();
                settings.cookie_chunks = chunks;
                let sessions = engine.sessions(&settings, revoking(), &clock());
                for start in ["sessionid=", "sessionid=AQ", "sessionid.0=", ""] {
                    let header = [start.as_bytes(), &header].concat();
                    let lazy = sessions.begin([&header[..]]);
                    assert!(lazy.load().await.unwrap().is_empty());
                }
            }
        });
    }
}
