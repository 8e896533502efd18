//! `USE_TZ` and `TIME_ZONE`.

use jiff::tz::TimeZone;

use super::{Settings, SettingsError};
use crate::moment::Zone;

impl Settings {
    /// The clock of texts that name no offset.
    pub(crate) fn zone(&self) -> Result<Zone, SettingsError> {
        if !self.use_tz {
            return local("TIME_ZONE", &self.time_zone);
        }
        if cfg!(feature = "timezone") {
            // It does not count, but a wrong name is wrong all the same.
            local("TIME_ZONE", &self.time_zone)?;
        }
        Ok(Zone::Utc)
    }

    /// The clock of the dates in a database.
    pub(crate) fn database_zone(&self, alias: &str) -> Result<Zone, SettingsError> {
        let database = self.databases.get(alias);
        let Some(name) = database.and_then(|database| database.time_zone.as_deref()) else {
            return self.zone();
        };
        let setting = format!("DATABASES.{alias}.TIME_ZONE");
        if !self.use_tz {
            // Django refuses it too: `check_settings` in django/db/backends/base/base.py.
            let needed = "it counts only with USE_TZ = true: name the zone in TIME_ZONE instead";
            return Err(SettingsError::invalid(&setting, name, needed));
        }
        local(&setting, name)
    }
}

fn local(setting: &str, name: &str) -> Result<Zone, SettingsError> {
    if name.eq_ignore_ascii_case("UTC") {
        return Ok(Zone::Local(TimeZone::UTC));
    }
    if !cfg!(feature = "timezone") {
        let needed = "dates in local time (USE_TZ = false) need the feature `timezone` of the crate `tenure`; UTC works without";
        return Err(SettingsError::invalid(setting, name, needed));
    }
    let needed = "a name of the IANA time zone database is needed, such as \"Europe/Paris\"";
    let zone = TimeZone::get(name);
    zone.map(Zone::Local)
        .map_err(|_| SettingsError::invalid(setting, name, needed))
}
