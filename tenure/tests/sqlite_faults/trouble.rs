//! A database that is locked, read-only, missing or none.

use rusqlite::Connection;
use tenure::{SessionKey, Sessions, engine::db::SqliteStore, store::SessionStore};

use crate::site::{KEY, LATER, Site, djangos_statements, path, settings, signed, told};

#[tokio::test]
async fn a_locked_database_still_reads_and_says_that_it_is_locked() {
    let site = Site::new().await;
    site.put(signed(r#"{"user":7}"#), LATER);
    let session = site.load().await.unwrap();
    site.other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(
        site.load().await.unwrap().get::<u32>("user").unwrap(),
        Some(7)
    );
    session.insert("cart", 1).unwrap();
    let (message, status) = told(session.save().await.unwrap_err());
    assert!(message.contains("another program has locked"), "{message}");
    assert!(message.contains("TENURE_STORE_TIMEOUT"), "{message}");
    assert_eq!(status, 503);
    site.other.execute_batch("ROLLBACK").unwrap();
    session.save().await.unwrap();
    let session = site.load().await.unwrap();
    assert_eq!(session.get::<u32>("cart").unwrap(), Some(1));
}

#[tokio::test]
async fn reads_take_no_write_lock_in_any_journal_mode() {
    for mode in ["wal", "delete"] {
        let folder = tempfile::tempdir().unwrap();
        let other = Connection::open(path(folder.path())).unwrap();
        for statement in djangos_statements() {
            other.execute_batch(&statement).unwrap();
        }
        other.pragma_update(None, "journal_mode", mode).unwrap();
        // Held from before the opening on, so that the journal mode stays.
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        other
            .execute(
                "INSERT INTO django_session VALUES ('theirs00', 'x', 'y')",
                [],
            )
            .unwrap();
        let site = Site::open(folder, other, "").await;
        let key = SessionKey::parse(KEY).unwrap();
        for _ in 0..10 {
            assert!(site.store.load(&key).await.unwrap().is_none());
            assert!(site.store.scan(None, 9).await.unwrap().is_empty());
        }
        site.other.execute_batch("COMMIT").unwrap();
        let present: String = site
            .other
            .query_row("PRAGMA journal_mode", [], |row| row.get(0))
            .unwrap();
        assert_eq!(present, mode);
        assert_eq!(site.store.scan(None, 9).await.unwrap().len(), 1);
        let session = site.sessions.new_session().load().await.unwrap();
        session.save().await.unwrap();
        assert_eq!(site.rows(), 2, "{mode}");
    }
}

#[tokio::test]
async fn a_read_only_database_reads_and_refuses_to_write() {
    let site = Site::new().await;
    site.put(signed(r#"{"user":7}"#), LATER);
    let settings = settings(site.folder.path(), "?mode=ro");
    let store = SqliteStore::open(&settings).await.unwrap();
    let sessions = Sessions::new(store.clone(), &settings).unwrap();
    let session = sessions.session(KEY).load().await.unwrap();
    assert_eq!(session.get::<u32>("user").unwrap(), Some(7));
    session.insert("cart", 1).unwrap();
    let (message, status) = told(session.save().await.unwrap_err());
    assert!(message.contains("may not be written"), "{message}");
    assert_eq!(status, 503);
    assert_eq!(site.load().await.unwrap().get::<u32>("cart").unwrap(), None);
}

#[tokio::test]
async fn a_read_only_database_can_be_opened_when_nobody_else_has_it_open() {
    let site = Site::new().await;
    site.put(signed(r#"{"user":7}"#), LATER);
    let Site {
        folder,
        other,
        sessions,
        store,
    } = site;
    drop((other, sessions, store));
    let settings = settings(folder.path(), "?mode=ro");
    let store = SqliteStore::open(&settings).await.unwrap();
    let key = SessionKey::parse(KEY).unwrap();
    assert!(store.load(&key).await.unwrap().is_some());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    let text = "SECRET_KEY = 'this is a settings file, not a database'\n".repeat(100);
    std::fs::write(path(folder.path()), &text).unwrap();
    let error = SqliteStore::open(&settings(folder.path(), ""))
        .await
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("is damaged, or no SQLite database"),
        "{message}"
    );
    assert_eq!(std::fs::read_to_string(path(folder.path())).unwrap(), text);
}

#[tokio::test]
async fn a_missing_table_says_how_to_make_it() {
    let folder = tempfile::tempdir().unwrap();
    let other = Connection::open(path(folder.path())).unwrap();
    let site = Site::open(folder, other, "").await;
    let expected = "has no table `django_session`: make it with `tenure init`";
    let (message, status) = told(site.load().await.unwrap_err());
    assert!(message.contains(expected), "{message}");
    assert_eq!(status, 503);
    let session = site.sessions.new_session().load().await.unwrap();
    let (message, _) = told(session.save().await.unwrap_err());
    assert!(message.contains(expected), "{message}");
    site.store.create_table().await.unwrap();
    session.save().await.unwrap();
}

#[tokio::test]
async fn a_missing_file_is_not_made() {
    for query in ["", "?mode=rw", "?mode=ro"] {
        let folder = tempfile::tempdir().unwrap();
        let error = SqliteStore::open(&settings(folder.path(), query))
            .await
            .unwrap_err();
        let message = error.to_string();
        assert!(message.contains("cannot be opened"), "{message}");
        assert!(message.contains("tenure init"), "{message}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_database_that_tenure_makes_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let mut settings = tenure::testing::settings();
    let file = folder.path().join("made.sqlite3");
    settings.set_database_url(format!("sqlite://{}?mode=rwc", file.display()));
    let store = SqliteStore::open(&settings).await.unwrap();
    store.create_table().await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
    }
}
