//! The file engine.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use serde_json::Value;
use tenure::{Sessions, Settings, codec::SignedJson, engine::file::FileStore};

use crate::{Before, Kept, Place, codec, common::Scripted, compare, payload};

struct Folder {
    files: tempfile::TempDir,
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
            files: folder,
        }
    }

    fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    async fn put(&self, case: &Value) {
        let Some(before) = Before::of(case) else {
            return;
        };
        let path = self.files.path().join(format!("sessionid{}", before.key));
        fs::write(&path, before.text(&self.codec)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(before.stored_at).unwrap();
    }

    async fn kept(&self, _: &Value) -> Kept {
        let mut kept = Kept::new();
        for entry in fs::read_dir(self.files.path()).unwrap() {
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
    compare::<Folder>("file").await;
}
