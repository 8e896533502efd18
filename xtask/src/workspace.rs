//! What Cargo knows about this workspace.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Outcome;

/// The answer of `cargo metadata`.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where builds go: `target`, or what `CARGO_TARGET_DIR` says.
    pub(crate) target: PathBuf,
    metadata: Value,
}

impl Workspace {
    /// Asks Cargo.
    pub(crate) fn load() -> Outcome<Self> {
        let output = Command::new("cargo")
            .args([
                "metadata",
                "--format-version=1",
                "--all-features",
                "--locked",
            ])
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("`cargo metadata` did not start: {error}"))?;
        if !output.status.success() {
            return Err("`cargo metadata` failed: does Cargo.lock fit the manifests?".to_owned());
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("`cargo metadata` is not JSON: {error}"))?;
        let path = |name: &str| {
            metadata
                .get(name)
                .and_then(Value::as_str)
                .map(PathBuf::from)
                .ok_or(format!("`cargo metadata` has no {name}"))
        };
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            metadata,
        })
    }

    /// Every package, ours and others'.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &Value> {
        self.metadata
            .get("packages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }

    /// Every package with what it depends on.
    pub(crate) fn graph(&self) -> impl Iterator<Item = &Value> {
        self.metadata
            .pointer("/resolve/nodes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }

    /// The features of one of our packages.
    pub(crate) fn features(&self, name: &str) -> Outcome<Vec<&str>> {
        self.packages()
            .find(|package| {
                text(package, "name") == name && package.get("source").is_some_and(Value::is_null)
            })
            .and_then(|package| package.get("features")?.as_object())
            .map(|features| features.keys().map(String::as_str).collect())
            .ok_or_else(|| format!("the workspace has no package {name}"))
    }
}

/// The string under `name`, or an empty one.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
