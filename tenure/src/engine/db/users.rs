//! The database with the users.

use std::sync::Arc;

use super::{open::not_served, statements::Statements};
use crate::{engine::OpenError, settings::Settings};

/// The database that `DATABASES.default` names, by the scheme of its URL, for statements on users.
pub(crate) async fn open_users(settings: &Settings) -> Result<Arc<dyn Statements>, OpenError> {
    let url = settings.databases.get("default").map(|entry| &*entry.url);
    let scheme = url.map_or("sqlite", |url| url.split(':').next().unwrap_or_default());
    match scheme {
        #[cfg(feature = "sqlite")]
        "sqlite" => Ok(super::Sqlite::open(settings).await?),
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            let postgres = super::Postgres::of_users(settings)?;
            postgres.reach().await?;
            Ok(Arc::new(postgres))
        }
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => {
            let mysql = super::Mysql::of_users(settings)?;
            mysql.reach().await?;
            Ok(Arc::new(mysql))
        }
        scheme => Err(not_served(url.unwrap_or("sqlite:tenure.sqlite3"), scheme).into()),
    }
}
