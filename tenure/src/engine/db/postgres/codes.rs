//! PostgreSQL's error codes (SQLSTATE).

use super::super::trouble::Trouble;

/// What went wrong, by the code that the server gave. Classes and codes: PostgreSQL's manual, appendix A.
pub(crate) fn trouble(code: &str, message: &str) -> Trouble {
    match code {
        "42P01" if message.contains("tenure_session") => Trouble::NoIndex,
        "42P01" => Trouble::NoTable,
        "3D000" => Trouble::NoDatabase,
        "42501" => Trouble::Denied,
        "25006" => Trouble::ReadOnly,
        "53100" => Trouble::Full,
        "55P03" | "57014" => Trouble::Locked,
        "53300" | "57P03" => Trouble::Busy,
        "57P01" | "57P02" | "57P05" => Trouble::Broken,
        code if code.starts_with("28") => Trouble::Login,
        code if code.starts_with("08") => Trouble::Broken,
        _ => Trouble::Other,
    }
}
