//! Rows that nobody can read, or that end.

use std::{
    cell::RefCell,
    sync::{Arc, Once},
    time::{Duration, SystemTime},
};

use rusqlite::Connection;
use tenure::{
    Damage, SessionError, SessionKey, Sessions, StoreError,
    engine::db::SqliteStore,
    store::SessionStore,
    testing::{self, TestSystem},
};

use crate::site::{KEY, LATER, Site, path, settings, signed};

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What was logged on this thread since this was last asked.
///
/// One subscriber for all threads: with one for this thread alone, a test on another thread could switch a message off for all.
fn logged() -> String {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt().with_writer(|| Log).init();
        tracing::callsite::rebuild_interest_cache();
    });
    String::from_utf8(LOGGED.take()).unwrap()
}

#[tokio::test]
async fn a_tampered_row_counts_as_empty_is_reported_and_healed_by_the_next_write() {
    let site = Site::new().await;
    let whole = signed(r#"{"user":7,"password_hint":"blue"}"#);
    for place in 0..whole.len() {
        let mut bytes = whole.clone().into_bytes();
        bytes[place] ^= 1;
        let flipped = String::from_utf8(bytes).unwrap();
        site.put(&flipped, LATER);
        logged();
        site.assert_heals(&format!("flipped at {place}")).await;
        let logged = logged();
        assert!(
            logged.contains("WARN") && logged.contains("session data corrupted"),
            "{place}: {logged}"
        );
        assert!(
            !logged.contains(KEY) && !logged.contains("blue"),
            "{logged}"
        );
    }
}

#[tokio::test]
async fn a_row_cut_anywhere_counts_as_empty_and_is_healed_by_the_next_write() {
    let site = Site::new().await;
    let long = format!(r#"{{"text":"{}"}}"#, "z".repeat(500));
    for whole in [signed(r#"{"user":7}"#), signed(&long)] {
        for length in 0..whole.len() {
            site.put(&whole[..length], LATER);
            site.assert_heals(&format!("cut to {length}")).await;
        }
    }
}

#[tokio::test]
async fn the_store_says_what_is_wrong_with_a_row() {
    let site = Site::new().await;
    let key = SessionKey::parse(KEY).unwrap();
    let damage = async || site.store.load(&key).await.unwrap().unwrap().damage;
    site.put("nonsense", LATER);
    assert_eq!(damage().await, Some(Damage::Signature));
    let signer = tenure::codec::signing::Signer::new(
        "django.contrib.sessions.SessionStore",
        testing::settings().secret_key.as_ref().unwrap(),
        &[],
    );
    site.put(signer.sign("bm8ganNvbg:1tPzqQ"), LATER);
    assert_eq!(damage().await, Some(Damage::Content));
    site.put(signed("{}"), LATER);
    assert_eq!(damage().await, None);
}

#[tokio::test]
async fn a_blob_or_a_number_in_the_data_column_is_healed_by_the_next_write() {
    let site = Site::new().await;
    for (what, value) in [
        ("a blob", rusqlite::types::Value::Blob(vec![0, 255, 254])),
        (
            "a blob of text",
            rusqlite::types::Value::Blob(b"text".to_vec()),
        ),
        ("an empty blob", rusqlite::types::Value::Blob(Vec::new())),
        ("a number", rusqlite::types::Value::Integer(42)),
        ("a real", rusqlite::types::Value::Real(4.5)),
    ] {
        site.put(value, LATER);
        site.assert_heals(what).await;
    }
    site.other
        .execute(
            "UPDATE django_session SET session_data = CAST(x'61ff62' AS TEXT)",
            [],
        )
        .unwrap();
    site.assert_heals("text that is no UTF-8").await;
}

#[tokio::test]
async fn a_blob_of_a_rightly_signed_text_can_be_read_and_given_a_new_key() {
    let site = Site::new().await;
    site.put(signed(r#"{"user":7}"#).into_bytes(), LATER);
    let session = site.load().await.unwrap();
    assert_eq!(session.get::<u32>("user").unwrap(), Some(7));
    session.cycle_key().await.unwrap();
    assert_eq!(site.rows(), 1);
    assert!(site.load().await.unwrap().is_empty());
}

#[tokio::test]
async fn null_in_a_table_without_djangos_constraints_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let other = Connection::open(path(folder.path())).unwrap();
    other
        .execute_batch(
            "CREATE TABLE django_session (session_key TEXT PRIMARY KEY, session_data, expire_date)",
        )
        .unwrap();
    let site = Site::open(folder, other, "").await;
    site.put(None::<String>, LATER);
    site.assert_heals("NULL data").await;
    site.put(signed(r#"{"user":7}"#), None::<String>);
    let session = site.load().await.unwrap();
    assert!(session.is_empty() && session.key().is_none());
}

#[tokio::test]
async fn a_date_that_nobody_can_read_has_passed() {
    let site = Site::new().await;
    for date in ["", "tomorrow", "12", "2999-13-01 00:00:00", "9e99", "\u{0}"] {
        site.put(signed(r#"{"user":7}"#), date);
        let session = site.load().await.unwrap();
        assert!(session.is_empty() && session.key().is_none(), "{date:?}");
    }
    site.put(signed(r#"{"user":7}"#), vec![255_u8, 0]);
    assert!(site.load().await.unwrap().key().is_none());
}

#[tokio::test]
async fn dates_with_and_without_a_fraction_end_at_their_microsecond() {
    let site = Site::new().await;
    let noon = SystemTime::UNIX_EPOCH + Duration::from_hours(525_972);
    let microsecond = Duration::from_micros(1);
    for (date, end) in [
        ("2030-01-01 12:00:00", noon),
        ("2030-01-01 12:00:00.000001", noon + microsecond),
        (
            "2030-01-01 12:00:00.250000",
            noon + Duration::from_millis(250),
        ),
    ] {
        for (now, alive) in [(end - microsecond, true), (end, false)] {
            site.put(signed(r#"{"user":7}"#), date);
            let settings = settings(site.folder.path(), "");
            let clock = Arc::new(TestSystem::at(now));
            let sessions = Sessions::with_system(site.store.clone(), &settings, clock).unwrap();
            let session = sessions.session(KEY).load().await.unwrap();
            assert_eq!(session.key().is_some(), alive, "{date} at {now:?}");
            assert_eq!(site.rows(), u32::from(alive), "{date} at {now:?}");
        }
        site.put(signed("{}"), date);
        let swept = site.store.clear_expired(end, 100).await.unwrap();
        assert_eq!(swept, 0, "a sweep at {date} is as Django's: only before");
        let swept = site.store.clear_expired(end + microsecond, 100).await;
        assert_eq!(swept.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_session_that_inflates_beyond_the_limit_is_refused_and_left_as_it_is() {
    let site = Site::new().await;
    let bomb = signed(&format!(r#"{{"text":"{}"}}"#, "z".repeat(100_000)));
    assert!(bomb.len() < 2_000, "compressed");
    let mut settings = settings(site.folder.path(), "");
    settings.max_size = 10_000;
    let store = SqliteStore::open(&settings).await.unwrap();
    let sessions = Sessions::new(store, &settings).unwrap();
    site.put(signed("{}"), LATER);
    let loaded_before = sessions.session(KEY).load().await.unwrap();
    loaded_before.insert("cart", 1).unwrap();
    site.put(&bomb, LATER);
    let too_large = |error: &SessionError| {
        matches!(
            error,
            SessionError::Store(StoreError::TooLarge { limit: 10_000 })
        )
    };
    let error = sessions.session(KEY).load().await.unwrap_err();
    assert!(too_large(&error), "{error}");
    assert_eq!(error.status(), 500);
    assert!(too_large(&loaded_before.save().await.unwrap_err()));
    assert!(too_large(&loaded_before.cycle_key().await.unwrap_err()));
    assert_eq!(site.text(), bomb);
    let session = site.load().await.unwrap();
    assert!(session.contains_key("text"), "the default limit allows it");
}
