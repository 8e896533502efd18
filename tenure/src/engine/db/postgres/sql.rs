//! The statements on PostgreSQL, in Django's words (`django/db/backends/postgresql`, Django 5.2).
//!
//! Dates are `timestamptz` in every place: a moment, whatever the time zone of the connection. [`wire`] and [`unwire`] give and take the
//! microseconds that the binary protocol has for one.

use crate::moment::Moment;

/// Whether there is a table already. Making it "if not exists" needs the right to make tables even where it does.
pub(crate) const HAS_TABLE: &str = r#"SELECT to_regclass('"django_session"') IS NOT NULL"#;
/// As Django's migration `sessions/0001_initial` writes it, names of the indexes included. To be sent as one text, and so one transaction.
/// The lock is against another process that does the same: "if not exists" alone fails when both begin at once.
pub(crate) const CREATE_TABLE: &str = r#"
SELECT pg_advisory_xact_lock(8386658471990259315);
CREATE TABLE IF NOT EXISTS "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" timestamp with time zone NOT NULL);
CREATE INDEX IF NOT EXISTS "django_session_session_key_c0390e0f_like" ON "django_session" ("session_key" varchar_pattern_ops);
CREATE INDEX IF NOT EXISTS "django_session_expire_date_a5c62663" ON "django_session" ("expire_date");
"#;
/// The columns: name, type, and whether an index begins with it.
#[cfg(feature = "postgres")]
pub(crate) const COLUMNS: &str = r#"SELECT attname::text, format_type(atttypid, atttypmod), EXISTS (SELECT 1 FROM pg_index WHERE indrelid = attrelid AND indkey[0] = attnum) FROM pg_attribute WHERE attrelid = to_regclass('"django_session"') AND attnum > 0 AND NOT attisdropped ORDER BY attnum"#;
/// What the time is, rather than when the transaction began.
#[cfg(feature = "postgres")]
pub(crate) const CLOCK: &str = "SELECT clock_timestamp()";
/// Key. Gives data and date.
pub(crate) const SELECT: &str =
    r#"SELECT "session_data", "expire_date" FROM "django_session" WHERE "session_key" = $1"#;
/// Key, data, date.
pub(crate) const INSERT: &str = r#"INSERT INTO "django_session" ("session_key", "session_data", "expire_date") VALUES ($1, $2, $3) ON CONFLICT ("session_key") DO NOTHING"#;
/// New key, data, date, key, data as it was. Where it finds nothing, [`SELECT`] tells what is there now: as a statement of its own, since
/// a part of this one would read what was there before the wait for another's lock.
pub(crate) const UPDATE: &str = r#"UPDATE "django_session" SET "session_key" = $1, "session_data" = $2, "expire_date" = $3 WHERE "session_key" = $4 AND "session_data" = $5"#;
/// Key, date, data as it was.
pub(crate) const TOUCH: &str = r#"UPDATE "django_session" SET "expire_date" = greatest("expire_date", $2) WHERE "session_key" = $1 AND "session_data" = $3"#;
/// Key.
pub(crate) const DELETE: &str = r#"DELETE FROM "django_session" WHERE "session_key" = $1"#;
/// Keys, as an array.
pub(crate) const DELETE_MANY: &str =
    r#"DELETE FROM "django_session" WHERE "session_key" = ANY($1)"#;
/// Key, date.
pub(crate) const DELETE_IF_ENDED: &str =
    r#"DELETE FROM "django_session" WHERE "session_key" = $1 AND "expire_date" <= $2"#;
/// Date, number of rows. What another holds is left to it: waiting for it while holding other rows could make a deadlock. It does not
/// count: the limit is reached with other rows. One that was written since this began is looked at again before it is locked, and deleted
/// by its key, since as it is now it stands in a place (`ctid`) where this statement does not see it.
pub(crate) const DELETE_ENDED: &str = r#"DELETE FROM "django_session" WHERE "session_key" = ANY(ARRAY(SELECT "session_key" FROM "django_session" WHERE "expire_date" < $1 ORDER BY "expire_date" LIMIT $2 FOR UPDATE SKIP LOCKED))"#;
/// Key, number of rows. Gives key, date and size. The operators compare bytes, whatever the collation, and Django's second index is made
/// for them.
pub(crate) const LIST: &str = r#"SELECT "session_key", "expire_date", octet_length("session_data") FROM "django_session" WHERE "session_key" ~>~ $1 ORDER BY "session_key" USING ~<~ LIMIT $2"#;

/// 2000-01-01T00:00:00 UTC, from which PostgreSQL counts.
const EPOCH: i64 = 946_684_800_000_000;

/// A moment as eight bytes of a `timestamptz`.
pub(crate) fn wire(moment: Moment) -> [u8; 8] {
    (moment.micros() - EPOCH).to_be_bytes()
}

/// A `timestamptz` from its eight bytes. `infinity` is the last moment and `-infinity` the first.
pub(crate) fn unwire(bytes: [u8; 8]) -> Moment {
    Moment::from_micros(i64::from_be_bytes(bytes).saturating_add(EPOCH))
}
