//! SQLite's errors, and what to do about them.

// SQLite's primary result codes.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;
const IO_FAILURE: i32 = 10;
const DAMAGED: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const NO_DATABASE: i32 = 26;

/// Says what to do, where SQLite alone says what went wrong. `code` is its result code, plain or extended; 0 if it gave none.
pub(crate) fn advice(path: &str, code: i32, text: &str) -> String {
    // An extended code holds the primary one in its lowest byte.
    match code & 0xff {
        BUSY | LOCKED => {
            format!("another program has locked {path}: end it, or raise `TENURE_STORE_TIMEOUT`")
        }
        READ_ONLY => format!(
            "{path} may not be written: check the rights of the file and its folder, and `mode` in its URL"
        ),
        FULL => format!("no room is left for {path}: free some, or move the file"),
        CANNOT_OPEN => format!(
            "{path} cannot be opened: check the path and the rights; `tenure init` makes a new database"
        ),
        NO_DATABASE | DAMAGED => format!("{path} is damaged, or no SQLite database"),
        IO_FAILURE => {
            format!("{path} cannot be read or written: is its disk full, failing, or limited?")
        }
        _ => match text.split_once("no such table: ") {
            Some((_, table)) => {
                let table = table.split([' ', '\n']).next().unwrap_or_default();
                match table {
                    "django_session" => format!(
                        "{path} has no table `{table}`: make it with `tenure init`, or with Django's `migrate`"
                    ),
                    "tenure_session" => format!(
                        "{path} has no table `{table}`, which `TENURE_USER_SESSIONS` needs: make it with `tenure init`"
                    ),
                    _ => format!(
                        "{path} has no table `{table}`: make it with `tenure init --users`, or with Django's `migrate`"
                    ),
                }
            }
            None => format!("SQLite failed on {path}"),
        },
    }
}
