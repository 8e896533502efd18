//! From the URL in the settings to a database.

#[cfg(any(feature = "mysql", feature = "postgres"))]
use super::{DbStore, ReadReplica, SessionTable};
use crate::{
    engine::OpenError,
    settings::{Settings, SettingsError},
    store::{SessionStore, Store},
};

/// What is made of a database, whichever it is.
#[cfg_attr(
    not(any(feature = "mysql", feature = "postgres", feature = "sqlite")),
    expect(dead_code, reason = "there is no database to open")
)]
pub(in crate::engine) trait Opened {
    fn store(self, database: impl SessionStore) -> Store;
}

/// The database that `DATABASES.default` names, by the scheme of its URL.
#[cfg_attr(
    not(any(feature = "mysql", feature = "postgres", feature = "sqlite")),
    expect(unused_variables, reason = "there is no database to open")
)]
pub(in crate::engine) async fn open(
    settings: &Settings,
    opened: impl Opened,
) -> Result<Store, OpenError> {
    let url = settings.databases.get("default").map(|entry| &*entry.url);
    let scheme = url.map_or("sqlite", |url| url.split(':').next().unwrap_or_default());
    match scheme {
        #[cfg(feature = "sqlite")]
        "sqlite" => {
            let store = super::SqliteStore::open(settings).await?;
            if url.is_none() {
                store.create_table().await?;
            }
            Ok(opened.store(store))
        }
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            let store = super::PostgresStore::open(settings).await?;
            with_replica(store, settings, opened, super::Postgres::at)
        }
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => {
            let store = super::MysqlStore::open(settings).await?;
            with_replica(store, settings, opened, super::Mysql::at)
        }
        scheme => Err(not_served(url.unwrap_or("sqlite:tenure.sqlite3"), scheme).into()),
    }
}

/// Reads from the replica too, if the settings name one. It need not be there yet, nor stay.
#[cfg(any(feature = "mysql", feature = "postgres"))]
fn with_replica<T: SessionTable>(
    store: DbStore<T>,
    settings: &Settings,
    opened: impl Opened,
    at: impl FnOnce(&Settings, &str) -> Result<T, SettingsError>,
) -> Result<Store, OpenError> {
    let Some(alias) = &settings.read_replica else {
        return Ok(opened.store(store));
    };
    // Half the time, so that the primary can be asked in the other half.
    let mut impatient = settings.clone();
    impatient.store_timeout /= 2;
    let table = at(&impatient, alias)?;
    let replica = DbStore::on(std::sync::Arc::new(table), settings)?;
    Ok(opened.store(ReadReplica::new(store, replica)))
}

pub(super) fn not_served(url: &str, scheme: &str) -> SettingsError {
    let feature = match scheme {
        "sqlite" => "sqlite",
        "postgres" | "postgresql" => "postgres",
        "mysql" | "mariadb" => "mysql",
        _ => {
            let needed = "a URL that begins with sqlite:, postgres://, postgresql://, mysql:// or mariadb:// is needed";
            return SettingsError::invalid("DATABASES.default.URL", url, needed);
        }
    };
    SettingsError::needs_feature("DATABASES.default.URL", url, feature)
}
