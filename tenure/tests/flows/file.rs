//! The file engine.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use serde_json::Value;
use tenure::{Sessions, Settings, codec::SignedJson, engine::file::FileStore};

use crate::{Before, Kept, Place, codec, common::Scripted, compare, payload};

/// Cases in which tenure does something else than Django, and why.
const DELIBERATE: &[(&str, &str)] = &[
    ("file_valid_int_expiry_random_1", COOKIE_FOLLOWS),
    ("file_unknown_clear", NO_SESSION),
    ("file_bad_chars_clear", NO_SESSION),
    ("file_bad_chars_flush", NO_SESSION),
    ("file_bad_chars_flush_then_write", NO_SESSION),
    ("file_bad_chars_random_1", NO_SESSION),
    ("file_unknown_save_every_untouched", NO_FILE),
    ("file_bad_chars_save_every_untouched", NO_FILE),
    ("file_expired_save_every_untouched", NO_FILE),
    ("file_expired_save_every_read", NO_FILE),
    ("file_expired_read", NO_FILE),
    ("file_expired_delete_key", NO_FILE),
    ("file_expired_write_500", NO_FILE),
    ("file_expired_cycle", ONE_KEY),
    ("file_expired_random_0", ONE_KEY),
    ("file_expired_clear", NO_REVIVAL),
];
const COOKIE_FOLLOWS: &str = "a new key reaches the visitor also if the handler fails afterwards: Django leaves the cookie of the dead key";
const NO_SESSION: &str =
    "ending a session that is not there is no error: Django answers 400 to a stranger's cookie";
const NO_FILE: &str =
    "a stranger's or expired cookie makes no file: Django stores an empty session for it";
const ONE_KEY: &str =
    "one key is drawn for one new session: Django draws one for the expired session first";
const NO_REVIVAL: &str =
    "clearing an expired session does not bring it back: Django gives its key a new life";

struct Folder {
    folder: tempfile::TempDir,
    sessions: Sessions,
    codec: SignedJson,
}

impl Place for Folder {
    async fn open(mut settings: Settings, system: Arc<Scripted>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        settings.file_path = Some(folder.path().to_owned());
        let store = FileStore::open(&settings).await.unwrap();
        let store = store.with_system(system.clone());
        Self {
            sessions: Sessions::with_system(store, &settings, system).unwrap(),
            codec: codec(&settings),
            folder,
        }
    }

    fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    async fn put(&self, case: &Value) {
        let Some(before) = Before::of(case) else {
            return;
        };
        let path = self.folder.path().join(format!("sessionid{}", before.key));
        fs::write(&path, before.text(&self.codec)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(before.stored_at).unwrap();
    }

    async fn kept(&self, _: &Value) -> Kept {
        let mut kept = Kept::new();
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let key = name.strip_prefix("sessionid").unwrap();
            let text = fs::read_to_string(entry.path()).unwrap();
            kept.insert(format!("stored {key}"), payload(&self.codec, &text));
        }
        kept
    }
}

#[tokio::test]
async fn requests_with_the_file_engine() {
    compare::<Folder>("file", DELIBERATE).await;
}
