//! Django as a child process.

use std::{
    ffi::OsString,
    io,
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Stdio},
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{Outcome, environment::Environment, here};

/// The user that Django makes at the first start. Fixed and public, as there is nothing to guard.
pub(crate) const USER: &str = "ada";
pub(crate) const PASSWORD: &str = "difference-engine";

/// A Django at work. It ends when its standard input does, and so with this program, however that ends.
pub(crate) struct Django {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Django {
    /// Starts it on a free port: migrated, and with the demo's user.
    pub(crate) async fn start(data: &Path, environment: &Environment) -> Outcome<Self> {
        let python = python(data).await?;
        let mut process = Command::new(&python)
            .arg(here("django/manage.py"))
            .args(["demo", USER, PASSWORD])
            .env_remove("DJANGO_SETTINGS_MODULE")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", python.display()))?;
        let output = process.stdout.take().ok_or("Django has no output")?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            let address = line.split_once("server at http://");
            if let Some((_, address)) = address {
                let address = address.trim_end_matches('/').parse()?;
                // It must be able to go on printing.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { process, address });
            }
        }
        Err("Django did not start; what it says stands above".into())
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        // Not `wait`, which would close its standard input and so end it.
        let input = self.process.stdin.take();
        let status = self.process.wait().await;
        drop(input);
        status
    }
}

/// A Python that has Django: the one that `TENURE_TEST_PYTHON` names, else an environment of this demo's own, made once.
async fn python(data: &Path) -> Outcome<OsString> {
    if let Some(python) = std::env::var_os("TENURE_TEST_PYTHON") {
        return Ok(python);
    }
    let folder = data.join("venv");
    let python = folder.join("bin/python").into_os_string();
    let import = ["-c", "import django"];
    let has_django = Command::new(&python)
        .args(import)
        .stderr(Stdio::null())
        .status();
    if has_django.await.is_ok_and(|status| status.success()) {
        return Ok(python);
    }
    tracing::info!("installing Django into {}", folder.display());
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder))
    .await?;
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ];
    run(Command::new(&python)
        .args(install)
        .arg(here("django/requirements.txt")))
    .await?;
    Ok(python)
}

async fn run(command: &mut Command) -> Outcome {
    let wanted = "python3 with venv and pip is needed (apt-get install python3-venv), or a Python that has Django, named by TENURE_TEST_PYTHON";
    match command.status().await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{:?}: {status}; {wanted}", command.as_std()).into()),
        Err(error) => Err(format!("{:?}: {error}; {wanted}", command.as_std()).into()),
    }
}
