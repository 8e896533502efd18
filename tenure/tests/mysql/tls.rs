//! TLS, as the URL asks for it.

use tenure::{engine::db::MysqlStore, store::SessionStore};
use testkit::{Console, MariaDb};

use crate::site::{KEY, create, key, settings, store};

/// Whether a connection that has written a session was encrypted, by the server's count.
async fn is_encrypted(console: &mut Console, url: &str) -> bool {
    let count = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'SSL_FINISHED_ACCEPTS'";
    let before = console.run(count);
    let store = MysqlStore::open(&settings(url)).await.unwrap();
    create(&store, "{}").await;
    assert!(store.delete(&key(KEY)).await.unwrap());
    console.run(count) != before
}

async fn refused(url: &str) -> String {
    let error = MysqlStore::open(&settings(url)).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(!text.contains("sesame"), "{text}");
    text
}

#[tokio::test]
async fn a_url_has_as_much_tls_as_it_asks_for() {
    let server = MariaDb::with_tls();
    let (opened, database) = store(&server).await;
    drop(opened);
    let mut console = server.console(&database);
    let url = server.url(&database);
    let named = url.replace("127.0.0.1", "localhost");
    let (authority, other) = (
        server.certificate("ca.pem"),
        server.certificate("other.pem"),
    );

    for (url, secret) in [
        (url.clone(), true),
        (format!("{url}?ssl_mode=PREFERRED"), true),
        (format!("{url}?ssl_mode=DISABLED"), false),
        (format!("{url}?ssl_mode=REQUIRED"), true),
        (
            format!("{url}?ssl_mode=VERIFY_IDENTITY&ssl_ca={authority}"),
            true,
        ),
    ] {
        assert_eq!(is_encrypted(&mut console, &url).await, secret, "{url}");
    }
    // The server lets this user in with TLS alone.
    server.sql("mysql", "CREATE USER careful@'%' IDENTIFIED BY 'sesame' REQUIRE SSL; GRANT ALL ON *.* TO careful@'%'");
    let careful = url.replace("tenure:", "careful:");
    assert!(is_encrypted(&mut console, &careful).await);
    let text = refused(&format!("{careful}?ssl_mode=disabled")).await;
    assert!(text.contains("refuses the login"), "{text}");

    let failed = format!("TLS to MySQL at 127.0.0.1:{} (database", server.port());
    for wrong in [
        format!("{url}?ssl_mode=verify_identity&ssl_ca={other}"),
        // Signed by nobody whom the system knows.
        format!("{url}?ssl_mode=verify_identity"),
    ] {
        let text = refused(&wrong).await;
        assert!(
            text.contains(&failed) && text.contains("ssl_ca"),
            "{wrong}: {text}"
        );
    }
    let text = refused(&format!(
        "{named}?ssl_mode=verify_identity&ssl_ca={authority}"
    ))
    .await;
    assert!(
        text.contains("made for the host") && text.contains("localhost"),
        "{text}"
    );
    let text = refused(&format!(
        "{url}?ssl_mode=verify_identity&ssl_ca=/nowhere.pem"
    ))
    .await;
    assert!(text.contains("/nowhere.pem"), "{text}");
    let text = refused(&format!("{url}?ssl_mode=required&ssl_ca={authority}")).await;
    assert!(text.contains("needs `ssl_mode=verify_identity`"), "{text}");

    // By a Unix socket, which has no TLS and needs none.
    let socket = server.socket().display().to_string();
    let local = url.replace("127.0.0.1", "localhost");
    assert!(
        !is_encrypted(
            &mut console,
            &format!("{local}?socket={socket}&ssl_mode=required")
        )
        .await
    );
}

#[tokio::test]
async fn a_server_without_tls_is_refused_by_whoever_asks_for_it() {
    let server = MariaDb::start();
    let (opened, database) = store(&server).await;
    drop(opened);
    let mut console = server.console(&database);
    let url = server.url(&database);
    for mode in ["required", "verify_identity"] {
        let text = refused(&format!("{url}?ssl_mode={mode}")).await;
        assert!(
            text.contains("offers no TLS") && text.contains("ssl_mode=disabled"),
            "{text}"
        );
    }
    assert!(!is_encrypted(&mut console, &url).await);
}
