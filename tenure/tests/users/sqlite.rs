//! Users in a SQLite file.

use std::path::Path;

use crate::{
    django::{Model, own_model, share_one_login},
    scenarios::a_users_life,
    site::settings,
};

fn sql(path: &Path, sql: &str) -> String {
    let connection = rusqlite::Connection::open(path).unwrap();
    if sql.starts_with("SELECT") {
        let number: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        return number.to_string();
    }
    connection.execute(sql, []).unwrap();
    String::new()
}

#[tokio::test(flavor = "multi_thread")]
async fn users_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.sqlite3");
    let settings = settings(&format!("sqlite://{}?mode=rwc", path.display()));
    a_users_life(&settings, |text| sql(&path, text)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_shared_with_django_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    for model in [Model::Djangos, Model::Own] {
        let path = folder.path().join(format!("{model:?}.sqlite3"));
        let mut settings = settings(&format!("sqlite://{}", path.display()));
        if model == Model::Own {
            own_model(&mut settings);
        }
        let database = serde_json::json!({
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path,
        });
        share_one_login(&settings, model, &database).await;
    }
}
