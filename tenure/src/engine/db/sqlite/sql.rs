//! The statements on SQLite, in Django's words (`django/db/backends/sqlite3`, Django 5.2).

/// As Django's migration `sessions/0001_initial` writes it, name of the index included.
pub(crate) const CREATE_TABLE: &str = r#"
CREATE TABLE IF NOT EXISTS "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL);
CREATE INDEX IF NOT EXISTS "django_session_expire_date_a5c62663" ON "django_session" ("expire_date");
"#;
/// The columns: name, type, and whether an index begins with it.
#[cfg(feature = "sqlite")]
pub(crate) const COLUMNS: &str = r#"SELECT "name", "type", EXISTS (SELECT 1 FROM pragma_index_list('django_session') AS "list" JOIN pragma_index_info("list"."name") AS "info" WHERE "info"."seqno" = 0 AND "info"."name" = "columns"."name") FROM pragma_table_info('django_session') AS "columns" ORDER BY "cid""#;
/// Key. Gives data and date.
pub(crate) const SELECT: &str =
    r#"SELECT "session_data", "expire_date" FROM "django_session" WHERE "session_key" = ?1"#;
/// Key, data, date.
pub(crate) const INSERT: &str = r#"INSERT INTO "django_session" ("session_key", "session_data", "expire_date") VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"#;
/// New key, data, date, key, data as it was. Where it finds nothing, [`SELECT`] tells what is there now.
pub(crate) const UPDATE: &str = r#"UPDATE "django_session" SET "session_key" = ?1, "session_data" = ?2, "expire_date" = ?3 WHERE "session_key" = ?4 AND "session_data" = ?5"#;
/// Data, date, key, data as it was. As [`UPDATE`] where the key stays: SQLite writes the index of whatever column stands behind `SET`, changed
/// or not, and that is a third page for the log.
#[cfg(feature = "sqlite")]
pub(crate) const SAVE: &str = r#"UPDATE "django_session" SET "session_data" = ?1, "expire_date" = ?2 WHERE "session_key" = ?3 AND "session_data" = ?4"#;
/// New key, data, date, key. For a transaction that has looked at the row and keeps others out.
#[cfg(feature = "sqlite")]
pub(crate) const REPLACE: &str = r#"UPDATE "django_session" SET "session_key" = ?1, "session_data" = ?2, "expire_date" = ?3 WHERE "session_key" = ?4"#;
/// As [`UPDATE`], but with the bytes of the data as it was, or NULL: for data that is no text.
#[cfg(feature = "sqlx-sqlite")]
pub(crate) const UPDATE_BYTES: &str = r#"UPDATE "django_session" SET "session_key" = ?1, "session_data" = ?2, "expire_date" = ?3 WHERE "session_key" = ?4 AND CAST("session_data" AS BLOB) IS ?5"#;
/// Key, date, data as it was.
pub(crate) const TOUCH: &str = r#"UPDATE "django_session" SET "expire_date" = max("expire_date", ?2) WHERE "session_key" = ?1 AND "session_data" = ?3"#;
/// Key.
pub(crate) const DELETE: &str = r#"DELETE FROM "django_session" WHERE "session_key" = ?1"#;
/// Key, date.
pub(crate) const DELETE_IF_ENDED: &str =
    r#"DELETE FROM "django_session" WHERE "session_key" = ?1 AND "expire_date" <= ?2"#;
/// Date, number of rows.
pub(crate) const DELETE_ENDED: &str = r#"DELETE FROM "django_session" WHERE rowid IN (SELECT rowid FROM "django_session" WHERE "expire_date" < ?1 LIMIT ?2)"#;
/// Key, number of rows. Gives key, date and size.
pub(crate) const LIST: &str = r#"SELECT "session_key", "expire_date", length("session_data") FROM "django_session" WHERE "session_key" > ?1 ORDER BY "session_key" LIMIT ?2"#;
