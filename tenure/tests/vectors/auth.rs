//! Login, logout and the user of a request, on Django's table of users.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::Value;
use tenure::{
    Data, Session, Sessions, Settings,
    auth::{self, Auth, password::Hasher},
    codec::SignedJson,
    engine::db::SqliteStore,
};

use crate::{
    common::{Scripted, settings, unix, vectors},
    deliberate,
};

const KEY: &str = "0123456789abcdefghijklmnopqrstuv";

struct Site {
    _folder: tempfile::TempDir,
    connection: Connection,
    settings: Settings,
    auth: Auth,
}

impl Site {
    async fn new(mut settings: Settings, users: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.sqlite3");
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let auth = Auth::open(&settings)
            .await
            .unwrap()
            .with_hasher(Hasher::pbkdf2_sha256(1000).unwrap());
        auth.create_table().await.unwrap();
        let connection = Connection::open(path).unwrap();
        for user in users.as_array().unwrap() {
            let sql = "INSERT INTO auth_user VALUES (?1, ?2, NULL, 0, ?3, '', '', 0, ?4, '2026-01-01 00:00:00', '')";
            let values = rusqlite::params![
                user["id"].as_i64().unwrap(),
                user["password"].as_str().unwrap(),
                user["username"].as_str().unwrap(),
                user["is_active"].as_bool().unwrap(),
            ];
            connection.execute(sql, values).unwrap();
        }
        Self {
            _folder: folder,
            connection,
            settings,
            auth,
        }
    }

    async fn log_in(&self, session: &Session, id: i64) {
        let user = self.auth.user_by_id(id).await.unwrap().unwrap();
        auth::login(session, &user).await.unwrap();
    }

    fn set_password(&self, id: i64, password: &str) {
        let sql = "UPDATE auth_user SET password = ?1 WHERE id = ?2";
        self.connection
            .execute(sql, rusqlite::params![password, id])
            .unwrap();
    }

    fn rows(&self) -> BTreeMap<String, String> {
        let codec = SignedJson::new(self.settings.secret_key.as_ref().unwrap(), &[]);
        let mut statement = self
            .connection
            .prepare("SELECT session_key, session_data FROM django_session")
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))
            .unwrap();
        rows.map(|row| {
            let (key, text) = row.unwrap();
            (key, codec.decode(&text).unwrap().to_json())
        })
        .collect()
    }

    fn logged_in(&self) -> Vec<i64> {
        let mut statement = self
            .connection
            .prepare("SELECT id FROM auth_user WHERE last_login NOT NULL")
            .unwrap();
        statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }
}

async fn act(site: &Site, session: &Session, action: &str, users: &Value) {
    match action {
        "look" | "nothing" => {}
        "login_first" => site.log_in(session, 41).await,
        "login_second" => site.log_in(session, 42).await,
        "login_inactive" => site.log_in(session, 43).await,
        "logout" => auth::logout(session).await.unwrap(),
        "change_password_keep_session" | "change_password_only" => {
            let other = users
                .as_array()
                .unwrap()
                .iter()
                .find(|user| user["id"] == 42)
                .unwrap();
            site.set_password(41, other["password"].as_str().unwrap());
            if action == "change_password_keep_session" {
                let user = site.auth.user_by_id(41).await.unwrap().unwrap();
                auth::update_session_auth_hash(session, &user)
                    .await
                    .unwrap();
            }
        }
        other => panic!("the vectors have an action `{other}` that this test does not know"),
    }
}

#[tokio::test]
async fn whole_requests() {
    let file = vectors("auth.json");
    let cases = file["flows"].as_array().unwrap();
    let mut failures = Vec::new();
    for case in cases {
        let (name, expect) = (case["name"].as_str().unwrap(), &case["expect"]);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let names = serde_json::json!({ "SECRET_KEY_FALLBACKS": case["fallbacks"] });
        let settings = settings(case["secret"].as_str().unwrap(), Some(&names)).unwrap();
        let site = Site::new(settings, &case["users"]).await;
        let new_key = text(&expect["session_key_after"]).filter(|key| key != KEY);
        let system = Scripted::new(unix(&case["now"]), new_key.as_deref().as_slice());
        let store = SqliteStore::open(&site.settings)
            .await
            .unwrap()
            .with_system(system.clone());
        store.create_table().await.unwrap();
        if let Some(payload) = case["payload_before"].as_str() {
            let codec = SignedJson::new(site.settings.secret_key.as_ref().unwrap(), &[]);
            let data = Data::from_json(payload.as_bytes()).unwrap();
            let row = [
                KEY,
                &codec.encode(&data, unix(&case["now"])),
                "2026-10-05 14:11:40.250000",
            ];
            site.connection
                .execute("INSERT INTO django_session VALUES (?1, ?2, ?3)", row)
                .unwrap();
        }
        let sessions = Sessions::with_system(store, &site.settings, system).unwrap();
        let header =
            text(&case["session_key_before"]).map(|key| format!("sessionid={key}").into_bytes());
        let lazy = sessions.begin(header.as_deref());
        let session = lazy.load().await.unwrap();
        act(
            &site,
            &session,
            case["action"].as_str().unwrap(),
            &case["users"],
        )
        .await;
        let user = site
            .auth
            .user(&session)
            .await
            .unwrap()
            .and_then(|user| user.id().as_str().parse::<i64>().ok());
        let headers = match sessions.finish_now(&lazy, 200) {
            Some(headers) => headers,
            None => sessions.finish(&lazy, 200).await.unwrap(),
        };
        let seen = (user, headers.set_cookie, site.rows(), site.logged_in());
        let mut rows = BTreeMap::new();
        if let (Some(key), Some(payload)) = (
            text(&expect["session_key_after"]),
            text(&expect["payload_after"]),
        ) {
            rows.insert(key, payload);
        }
        let last_logins = expect["last_login_set"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_i64().unwrap())
            .collect();
        let expected = (
            expect["user_id"].as_i64(),
            text(&expect["set_cookie"]),
            rows,
            last_logins,
        );
        match (deliberate::differs("auth.json", name), seen == expected) {
            (true, true) => {
                failures.push(format!("{name} stands as deliberate, but does not differ"));
            }
            (false, false) => failures.push(format!(
                "{name}\n   seen     {seen:?}\n   expected {expected:?}"
            )),
            _ => {}
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} differ:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

#[tokio::test]
async fn authenticate() {
    let file = vectors("auth.json");
    for case in file["authenticate"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let site = Site::new(
            settings("a secret for these cases, of no other use", None).unwrap(),
            &case["users"],
        )
        .await;
        // Django would have other costs than these users' hashes.
        let upgrading = site
            .auth
            .clone()
            .with_hasher(Hasher::pbkdf2_sha256(20).unwrap());
        let upgrading = upgrading.upgrade_hashes();
        let rewritten = case["expect"]["rewritten_password_of"].as_array().unwrap();
        let rewritten: Vec<_> = rewritten.iter().map(|id| id.as_i64().unwrap()).collect();
        assert_eq!(
            !rewritten.is_empty(),
            deliberate::differs("auth.json", name),
            "{name}"
        );
        for (auth, rewritten) in [(&site.auth, vec![]), (&upgrading, rewritten)] {
            // Where Python passes None or nothing, Rust can only pass an empty text.
            let password = case["password"].as_str().unwrap_or_default();
            let username = case["username"].as_str().unwrap_or_default();
            let user = auth.authenticate(username, password).await.unwrap();
            assert_eq!(
                user.and_then(|user| user.id().as_str().parse().ok()),
                case["expect"]["user_id"].as_i64(),
                "{name}"
            );
            let mut changed = Vec::new();
            for user in case["users"].as_array().unwrap() {
                let sql = "SELECT password FROM auth_user WHERE id = ?1";
                let id = user["id"].as_i64().unwrap();
                let stored: String = site
                    .connection
                    .query_row(sql, [id], |row| row.get(0))
                    .unwrap();
                if stored != user["password"].as_str().unwrap() {
                    changed.push(id);
                }
            }
            assert_eq!(changed, rewritten, "{name}");
        }
    }
}
