//! Users on a MariaDB server.

use serde_json::{Value, json};
use testkit::{MariaDb, wait_until};

use crate::{
    django::{Model, own_model, share_one_login},
    scenarios::{
        a_password_that_changes_during_an_upgrade_stands, a_users_life, an_outage_is_told,
    },
    site::{PASSWORD, Site, changed_hash, settings},
};

/// The columns of the table of users, and its indexes.
const SHAPE: &str = "SELECT column_name, column_type, is_nullable, column_key, extra, column_default FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'auth_user' ORDER BY 1; SELECT index_name, column_name, non_unique FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'auth_user' ORDER BY 1";

#[tokio::test(flavor = "multi_thread")]
async fn users_on_mariadb() {
    let mut server = MariaDb::start();
    let name = server.create_database();
    let settings = settings(&server.url(&name));
    a_users_life(&settings, |sql| server.sql(&name, sql)).await;

    let site = Site::open(&settings).await;
    let user = site.auth.create_user("ada", PASSWORD).await.unwrap();
    // By the column's collation, as Django finds her there.
    let found = site.authenticate("ADA", PASSWORD).await.unwrap();
    assert_eq!(found.username(), "ada");

    let mut other = server.console(&name);
    let hash = changed_hash();
    other.run(&format!("BEGIN; UPDATE auth_user SET password = '{hash}'"));
    let waits = "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'";
    a_password_that_changes_during_an_upgrade_stands(&settings, async || {
        wait_until("the upgrade", || server.sql(&name, waits) == "1");
        other.run("COMMIT");
    })
    .await;

    let login = site.log_in(&user).await;
    an_outage_is_told(&site, &login, || server.stop()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_shared_with_django_on_mariadb() {
    let server = MariaDb::start();
    for model in [Model::Djangos, Model::Own] {
        let name = server.create_database();
        let mut settings = settings(&server.url(&name));
        if model == Model::Own {
            own_model(&mut settings);
        }
        share_one_login(&settings, model, &database(&server, &name)).await;
        if model == Model::Djangos {
            let made = server.create_database();
            let site = Site::open(&crate::site::settings(&server.url(&made))).await;
            site.auth.create_table().await.unwrap();
            assert_eq!(server.sql(&made, SHAPE), server.sql(&name, SHAPE));
        }
    }
}

fn database(server: &MariaDb, name: &str) -> Value {
    json!({
        "ENGINE": "django.db.backends.mysql", "NAME": name, "USER": "tenure", "PASSWORD": "sesame",
        "HOST": "127.0.0.1", "PORT": server.port(),
    })
}
