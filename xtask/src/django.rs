//! A Python environment with the Django that the tests talk to.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Outcome;
use crate::shell::{first_line, run};
use crate::tools;
use crate::workspace::Workspace;

/// Makes the environment and says which Django it has.
pub(crate) fn step(workspace: &Workspace, _browser: bool) -> Outcome {
    let python = environment(workspace)?;
    let version = first_line(&python, &["-m", "django", "--version"])
        .ok_or("the environment has no Django")?;
    println!("Django {version} in {}", python.display());
    Ok(())
}

/// The environment's Python. Made anew only if the requirements or Python changed.
pub(crate) fn environment(workspace: &Workspace) -> Outcome<PathBuf> {
    let requirements = workspace.root.join("tests/django/requirements.txt");
    let wanted = fs::read_to_string(&requirements)
        .map_err(|error| format!("cannot read {}: {error}", requirements.display()))?;
    let base = tools::python().ok_or("no python3 with venv: cargo xtask setup")?;
    let folder = workspace.target.join("django-venv");
    let python = folder.join("bin/python");
    // Inside the folder, so that whoever deletes one deletes both.
    let stamp_file = folder.join("requirements.stamp");
    let stamp = format!("# Python {}\n{wanted}", base.version);
    let runs = || first_line(&python, &["-c", "import django"]).is_some();
    if fs::read_to_string(&stamp_file).is_ok_and(|old| old == stamp) && runs() {
        return Ok(python);
    }
    run(Command::new(&base.path)
        .args(["-m", "venv", "--clear"])
        .arg(&folder))?;
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--requirement",
    ];
    run(Command::new(&python).args(install).arg(&requirements))?;
    fs::write(&stamp_file, stamp)
        .map_err(|error| format!("cannot write {}: {error}", stamp_file.display()))?;
    Ok(python)
}
