//! The shop's own signing secret, in a file that only its owner can read.

use std::{
    ffi::OsString,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use tenure::{
    Secret,
    system::{OperatingSystem, System as _},
};

use crate::error::StartError;

/// Hexadecimal digits of a secret: 256 bits, and more than the fifty characters that Django asks for.
const LENGTH: usize = 64;

/// The secret beside `database`, made if there is none yet.
pub(crate) fn load_or_make(database: &Path) -> Result<Secret, StartError> {
    let path = beside(database);
    match read(&path)? {
        Some(secret) => Ok(secret),
        None => make(&path),
    }
}

fn beside(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(".secret");
    name.into()
}

fn problem(path: &Path, problem: impl Into<String>) -> StartError {
    StartError::File {
        path: path.to_owned(),
        problem: problem.into(),
    }
}

fn read(path: &Path) -> Result<Option<Secret>, StartError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(problem(path, format!("the secret cannot be read: {error}")));
        }
    };
    refuse_if_shared(path)?;
    let text = text.trim();
    if text.len() < LENGTH {
        return Err(problem(
            path,
            "the secret is too short: delete the file for a new one, which logs everybody out",
        ));
    }
    Ok(Some(Secret::new(text)))
}

/// A secret that others have read lets them forge sessions, and taking the permission away would not make them forget it. So this is an
/// error, not something to repair in silence.
#[cfg(unix)]
fn refuse_if_shared(path: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = fs::metadata(path).map_err(|error| problem(path, error.to_string()))?;
    let mode = metadata.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(problem(
        path,
        format!(
            "others may read or write the secret (mode {mode:03o}): delete the file for a new one, which logs everybody out, or `chmod 600` it if nobody has"
        ),
    ))
}

#[cfg(not(unix))]
fn refuse_if_shared(_: &Path) -> Result<(), StartError> {
    Ok(())
}

/// Writes a new secret under another name and moves it into place: whoever looks sees the whole secret or none, and of two shops that
/// start at once the second takes the first one's.
fn make(path: &Path) -> Result<Secret, StartError> {
    let random = || {
        let mut bytes = [0; 16];
        OperatingSystem
            .fill_random(&mut bytes)
            .map_err(|error| problem(path, error.to_string()))?;
        Ok::<_, StartError>(u128::from_be_bytes(bytes))
    };
    let text = format!("{:032x}{:032x}", random()?, random()?);
    match write(path, &text) {
        Ok(()) => Ok(Secret::new(text)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| problem(path, "the secret came and went: start again"))
        }
        Err(error) => Err(problem(
            path,
            format!("the secret cannot be written: {error}"),
        )),
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // Made with mode 0600, and gone again if anything fails below.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{text}")?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_and_then_reused() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("shop.sqlite3");
        let first = load_or_make(&database).unwrap();
        assert!(first == load_or_make(&database).unwrap());
        let names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["shop.sqlite3.secret"]);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("shop.sqlite3");
        load_or_make(&database).unwrap();
        let path = beside(&database);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = load_or_make(&database).unwrap_err().to_string();
        assert!(error.contains("mode 640"), "{error}");
    }

    #[test]
    fn a_short_secret_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("shop.sqlite3");
        write(&beside(&database), "short").unwrap();
        assert!(load_or_make(&database).is_err());
    }
}
