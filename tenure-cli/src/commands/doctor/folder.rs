//! The folder of the file engine.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
};

use tenure::{Settings, engine::file};

use super::report::Report;
use crate::{django::Described, site::Site};

fn canonical(path: &str) -> String {
    fs::canonicalize(path).map_or_else(|_| path.to_owned(), |path| path.display().to_string())
}

pub(super) fn compare(
    described: &Described,
    settings: &Settings,
    site: &Site,
    report: &mut Report,
) {
    let theirs = described
        .engine
        .told()
        .and_then(|engine| engine.folder.as_deref());
    let (theirs, ours) = (
        theirs.unwrap_or_default(),
        file::folder(settings).display().to_string(),
    );
    report.equal(
        "SESSION_FILE_PATH",
        [&canonical(theirs), &canonical(&ours)],
        "the two keep sessions in different folders",
        format!("set {} to {theirs:?}", site.place("SESSION_FILE_PATH")),
    );
}

/// Owner and rights. What the engine itself refuses is told by opening it.
pub(super) fn examine(settings: &Settings, report: &mut Report) {
    let name = "rights of the folder";
    let path = file::folder(settings);
    let shown = path.display();
    let stat = match fs::metadata(&path) {
        Ok(stat) if stat.is_dir() => stat,
        Ok(_) => {
            let what = format!("{shown} is no folder");
            return report.problem(
                name,
                ["", "no folder"],
                what,
                "name a folder in SESSION_FILE_PATH, on both sides",
            );
        }
        Err(error) => {
            return report.problem(
                name,
                ["", "missing"],
                format!("{shown} cannot be looked at: {error}"),
                format!(
                    "make it with `mkdir -m 700 {shown}`, as the user who runs Django and tenure"
                ),
            );
        }
    };
    let mode = stat.permissions().mode() & 0o7777;
    let sides = format!("user {}, mode {mode:04o}", stat.uid());
    let sides = ["", &*sides];
    let private = format!("`chmod 700 {shown}`, and let one user run Django and tenure");
    if mode & 0o700 != 0o700 {
        report.problem(
            name,
            sides,
            format!(
                "its owner may not read and write in {shown}, so that no session can be kept there"
            ),
            private,
        );
    } else if mode & 0o022 != 0 && mode & 0o1000 == 0 {
        report.problem(
            name,
            sides,
            format!("others may replace the files in {shown}, and so take over sessions"),
            private,
        );
    } else if mode & 0o044 != 0 {
        report.note(
            name,
            sides,
            format!("others can list {shown}, and the name of each file holds a session's key: better a folder of mode 0700 on both sides"),
        );
    } else {
        report.good(name, sides);
    }
}
