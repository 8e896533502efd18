//! What both sides must agree on and no repository should hold: the secret, and where the database is.
//!
//! They are lines of a file that a shell and systemd (`EnvironmentFile=`) understand. Both sides get the same file, so that nobody can
//! rotate the secret on one of them alone.

use std::{fmt::Write as _, fs, io, io::Write as _, path::Path};

use tenure::system::{OperatingSystem, System as _};

use crate::Outcome;

pub(crate) type Environment = Vec<(String, String)>;

const FILE: &str = "env";

/// The variables in the file `env` of this folder, made if there is none yet.
pub(crate) fn load_or_make(folder: &Path) -> Outcome<Environment> {
    let path = folder.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(folder, &path)?,
        Err(error) => return Err(format!("{}: {error}", path.display()).into()),
    };
    let variables = text.lines().filter_map(|line| line.split_once('='));
    Ok(variables
        .map(|(name, value)| (name.into(), value.into()))
        .collect())
}

fn make(folder: &Path, path: &Path) -> Outcome<String> {
    let mut secret = [0; 32];
    OperatingSystem.fill_random(&mut secret)?;
    let mut text = String::from("SECRET_KEY=");
    for byte in secret {
        write!(text, "{byte:02x}")?;
    }
    text.push_str("\nDATABASE_URL=sqlite://");
    let database = folder.join("db.sqlite3");
    let database = database
        .to_str()
        .ok_or("the path of the data is not UTF-8: choose another with --data")?;
    // Everything else would mean something in URLs or to a shell.
    for byte in database.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            text.push(byte.into());
        } else {
            write!(text, "%{byte:02X}")?;
        }
    }
    text.push('\n');
    // Made with mode 0600: whoever reads it can forge every session.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist_noclobber(path)?;
    Ok(text)
}
