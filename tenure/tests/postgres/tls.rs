//! TLS, as the URL asks for it.

use tenure::{engine::db::PostgresStore, store::SessionStore};
use testkit::Postgres;

use crate::site::{KEY, create, key, settings, store};

/// Whether connections that have written a session were encrypted, as the server sees it.
async fn encrypted(server: &Postgres, url: &str) -> bool {
    let store = PostgresStore::open(&settings(url)).await.unwrap();
    create(&store, "{}").await;
    assert!(store.delete(&key(KEY)).await.unwrap());
    let seen = server.sql(
        "postgres",
        "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'tenure'",
    );
    // One for reading and one for writing, both the same.
    assert!(matches!(&*seen, "t" | "f"), "{seen}");
    seen == "t"
}

async fn refused(url: &str) -> String {
    let error = PostgresStore::open(&settings(url)).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(!text.contains("sesame"), "{text}");
    text
}

#[tokio::test]
async fn a_url_has_as_much_tls_as_it_asks_for() {
    let server = Postgres::with_tls();
    let (opened, database) = store(&server).await;
    drop(opened);
    let url = server.url(&database);
    let named = url.replace("127.0.0.1", "localhost");
    let (authority, other) = (
        server.certificate("ca.pem"),
        server.certificate("other.pem"),
    );

    for (url, secret) in [
        (url.clone(), true),
        (format!("{url}?sslmode=prefer"), true),
        (format!("{url}?sslmode=disable"), false),
        (format!("{url}?sslmode=require"), true),
        (
            format!("{url}?sslmode=require&sslrootcert={authority}"),
            true,
        ),
        (
            format!("{url}?sslmode=verify-ca&sslrootcert={authority}"),
            true,
        ),
        (
            format!("{url}?sslmode=verify-full&sslrootcert={authority}"),
            true,
        ),
        // A name that is not in the certificate.
        (
            format!("{named}?sslmode=verify-ca&sslrootcert={authority}"),
            true,
        ),
        // An address without a name.
        (
            format!(
                "postgres:///{database}?hostaddr=127.0.0.1&port={}&user=tenure&password=sesame&sslmode=verify-full&sslrootcert={authority}",
                server.port()
            ),
            true,
        ),
    ] {
        assert_eq!(encrypted(&server, &url).await, secret, "{url}");
    }

    let failed = format!("TLS to PostgreSQL at 127.0.0.1:{} (database", server.port());
    for wrong in [
        format!("{url}?sslmode=require&sslrootcert={other}"),
        format!("{url}?sslmode=verify-ca&sslrootcert={other}"),
        format!("{url}?sslmode=verify-full&sslrootcert={other}"),
        // Signed by nobody whom the system knows.
        format!("{url}?sslmode=verify-full"),
    ] {
        let text = refused(&wrong).await;
        assert!(
            text.contains(&failed) && text.contains("sslrootcert"),
            "{wrong}: {text}"
        );
    }
    let text = refused(&format!(
        "{named}?sslmode=verify-full&sslrootcert={authority}"
    ))
    .await;
    assert!(
        text.contains("made for the host") && text.contains("localhost"),
        "{text}"
    );
    let text = refused(&format!(
        "{url}?sslmode=verify-full&sslrootcert=/nowhere.pem"
    ))
    .await;
    assert!(text.contains("/nowhere.pem"), "{text}");
    let key_file = server.certificate("ca.key");
    let text = refused(&format!("{url}?sslmode=verify-full&sslrootcert={key_file}")).await;
    assert!(text.contains("no certificate"), "{text}");

    // By a Unix socket, which has no TLS and needs none.
    let folder = server
        .socket_folder()
        .display()
        .to_string()
        .replace('/', "%2F");
    let local = url.replace("127.0.0.1", &folder);
    assert!(!encrypted(&server, &format!("{local}?sslmode=require")).await);
}

#[tokio::test]
async fn a_server_without_tls_is_refused_by_whoever_asks_for_it() {
    let server = Postgres::start();
    let (opened, database) = store(&server).await;
    drop(opened);
    let url = server.url(&database);
    for mode in ["require", "verify-full"] {
        let text = refused(&format!("{url}?sslmode={mode}")).await;
        assert!(
            text.contains("offers no TLS") && text.contains("sslmode=disable"),
            "{text}"
        );
    }
    assert!(!encrypted(&server, &url).await);
}
