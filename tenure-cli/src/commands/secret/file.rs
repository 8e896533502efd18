//! The settings file, replaced in one step.

use std::{
    fs::{self, File, Metadata},
    io::{ErrorKind, Write as _},
    os::unix::fs::{MetadataExt as _, fchown},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::output::Failure;

/// A settings file that may be replaced.
pub(super) struct SettingsFile {
    /// Where it lies, behind all symbolic links.
    path: PathBuf,
    metadata: Metadata,
    text: String,
}

impl SettingsFile {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let refused = |error: &std::io::Error| {
            match error.kind() {
            ErrorKind::NotFound => {
                Failure::refused(format!("there is no settings file {}", path.display()))
                    .hint("name it with --settings; a service without one has its secret from the environment")
            }
            _ => Failure::refused(format!("{} cannot be read: {error}", path.display())),
        }
        };
        let path = fs::canonicalize(path).map_err(|error| refused(&error))?;
        let metadata = fs::metadata(&path).map_err(|error| refused(&error))?;
        if !metadata.is_file() {
            let text = format!("{} is no file", path.display());
            return Err(Failure::refused(text));
        }
        // It could be replaced all the same, but whoever made it so did not want it changed.
        if metadata.permissions().readonly() {
            let text = format!("{} is read-only: nothing was changed", path.display());
            return Err(Failure::refused(text).hint("if you mean it, `chmod u+w` it first"));
        }
        let text = fs::read_to_string(&path).map_err(|error| refused(&error))?;
        Ok(Self {
            path,
            metadata,
            text,
        })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// Whoever reads sees the old text or the new one, whole, also after a crash of the machine.
    pub(super) fn replace(&self, text: &str) -> Result<(), Failure> {
        self.write(text).map_err(|error| {
            let shown = self.path.display();
            Failure::refused(format!(
                "{shown} cannot be replaced: {error}; nothing was changed"
            ))
        })
    }

    fn write(&self, text: &str) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        // Nobody else may read it while it is made, and it goes if anything fails.
        let mut new = NamedTempFile::new_in(folder)?;
        new.write_all(text.as_bytes())?;
        let made = new.as_file().metadata()?;
        let (user, group) = (self.metadata.uid(), self.metadata.gid());
        if (made.uid(), made.gid()) != (user, group) {
            fchown(new.as_file(), Some(user), Some(group))?;
        }
        new.as_file().set_permissions(self.metadata.permissions())?;
        new.as_file().sync_all()?;
        new.persist(&self.path)?;
        File::open(folder)?.sync_all()
    }
}
