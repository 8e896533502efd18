//! Names of files.

use std::path::PathBuf;

use crate::{
    error::StoreError,
    key::SessionKey,
    settings::Settings,
    system::{OperatingSystem, random_text},
};

/// What Django puts between a session's name and the random part of a temporary file's (`save` in
/// `django/contrib/sessions/backends/file.py`, 5.2).
const TEMPORARY: &str = "_out_";
/// The random part's length and letters, as Python's `tempfile` has them.
const RANDOM: usize = 8;
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789_";
/// The longest name that file systems take, in bytes.
const LONGEST: usize = 255;
/// Django takes no shorter key for one.
const SHORTEST_KEY: usize = 8;

/// What a file is, by its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A session under this key.
    Session(&'a str),
    /// Half of a write: by this program, another one, or one that has died.
    Temporary,
}

/// `SESSION_COOKIE_NAME`, which stands before every key.
#[derive(Debug)]
pub(super) struct Prefix(String);

impl Prefix {
    pub(super) fn new(cookie_name: &str) -> Self {
        Self(cookie_name.to_owned())
    }

    /// The name of a session's file; `None` if there can be none under this key.
    pub(super) fn file(&self, key: &SessionKey) -> Option<String> {
        let key = key.as_str();
        let length = self.0.len() + key.len() + TEMPORARY.len() + RANDOM;
        (is_key(key) && length <= LONGEST).then(|| self.name(key))
    }

    /// The name of the file under a key that [`kind`](Self::kind) has found.
    pub(super) fn name(&self, key: &str) -> String {
        format!("{}{key}", self.0)
    }

    /// What a file of this name is; `None` if it is none of ours.
    pub(super) fn kind<'a>(&self, file: &'a str) -> Option<Kind<'a>> {
        let rest = file.strip_prefix(&self.0)?;
        if is_key(rest) {
            return Some(Kind::Session(rest));
        }
        let (key, random) = rest.split_once(TEMPORARY)?;
        let drawn = random.len() == RANDOM && random.bytes().all(|byte| LETTERS.contains(&byte));
        (is_key(key) && drawn).then_some(Kind::Temporary)
    }
}

/// Django's `VALID_KEY_CHARS`: no other key reaches the disk.
fn is_key(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() >= SHORTEST_KEY && text.bytes().all(letter)
}

/// A name beside `file` that nobody else uses.
pub(super) fn temporary(file: &str) -> Result<String, StoreError> {
    let random = random_text(&OperatingSystem, LETTERS, RANDOM)
        .map_err(|error| StoreError::unavailable("no name for a temporary file", error))?;
    Ok(format!("{file}{TEMPORARY}{random}"))
}

/// The folder that these settings name: `SESSION_FILE_PATH`, or that for temporary files where Python's `tempfile.gettempdir` looks first.
///
/// ```
/// let mut settings = tenure::testing::settings();
/// settings.file_path = Some("/srv/site/sessions".into());
/// assert_eq!(tenure::engine::file::folder(&settings), std::path::Path::new("/srv/site/sessions"));
/// ```
pub fn folder(settings: &Settings) -> PathBuf {
    if let Some(path) = &settings.file_path {
        return path.clone();
    }
    let set = |name: &&str| std::env::var_os(name).filter(|path| !path.is_empty());
    let found = ["TMPDIR", "TEMP", "TMP"].iter().find_map(set);
    found.map_or_else(std::env::temp_dir, PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let prefix = Prefix::new("sessionid");
        let key = "0123456789abcdefghijklmnopqrstuv";
        let file = prefix.file(&SessionKey::parse(key).unwrap()).unwrap();
        assert_eq!(file, "sessionid0123456789abcdefghijklmnopqrstuv");
        assert_eq!(prefix.kind(&file), Some(Kind::Session(key)));
        assert_eq!(
            prefix.kind(&temporary(&file).unwrap()),
            Some(Kind::Temporary)
        );
        for other in [
            "",
            "sessionid",
            "sessionidshort",
            "sessionidABCDEFGH",
            "sessionid../../../etc",
            "session0123456789abcdefghij",
            "sessionidabcdefgh_out_1234567",
            "sessionidabcdefgh_out_1234567.",
        ] {
            assert_eq!(prefix.kind(other), None, "{other}");
        }
    }
}
