//! One value, as TOML or the environment gave it.

use std::{collections::BTreeMap, time::Duration};

use toml::{Table, Value};

use super::{
    SameSite, SettingsError, check::MOST_SECONDS, redact::without_password, suggest::nearest,
};

/// A value as it was given.
#[derive(Clone, Copy)]
pub(super) enum Raw<'a> {
    Toml(&'a Value),
    /// From the environment, where everything is text.
    Text(&'a str),
}

/// A setting as it was given.
pub(super) struct Given<'a> {
    pub(super) name: &'a str,
    pub(super) value: Raw<'a>,
    pub(super) from: &'a str,
}

impl Given<'_> {
    pub(super) fn last_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    pub(super) fn wrong(&self, needed: &str) -> SettingsError {
        let tables = ["DATABASES", "CACHES"].contains(&self.name);
        let value = match self.value {
            _ if self.name.starts_with("SECRET_KEY") || self.name.contains(".OPTIONS") => {
                "of the wrong kind".to_owned()
            }
            // Tables and lists may hold passwords anywhere.
            Raw::Text(_) if tables => "something else".to_owned(),
            Raw::Toml(Value::Table(_)) => "a table".to_owned(),
            Raw::Toml(Value::Array(_)) => "a list".to_owned(),
            Raw::Toml(Value::String(text)) => format!("{:?}", without_password(text)),
            Raw::Toml(value) => value.to_string(),
            Raw::Text(text) => format!("{:?}", without_password(text)),
        };
        SettingsError::Invalid {
            setting: self.name.to_owned(),
            value,
            from: Some(self.from.to_owned()),
            needed: needed.to_owned(),
        }
    }

    /// The name is none of `names`; `known` are those to list if none is near.
    pub(super) fn unknown(
        &self,
        names: &[&'static str],
        known: &'static [&'static str],
    ) -> SettingsError {
        let suggestion = nearest(self.last_name(), names.iter().copied()).map(str::to_owned);
        SettingsError::Unknown {
            name: self.name.to_owned(),
            from: self.from.to_owned(),
            suggestion,
            known,
        }
    }

    pub(super) fn text(&self) -> Result<String, SettingsError> {
        match self.value {
            Raw::Toml(Value::String(text)) => Ok(text.clone()),
            Raw::Text(text) => Ok(text.to_owned()),
            Raw::Toml(_) => Err(self.wrong("text in quotes is needed")),
        }
    }

    /// Text; nothing for `""`, for `false`, and for Python's `None`.
    pub(super) fn optional_text(&self) -> Result<Option<String>, SettingsError> {
        match self.value {
            Raw::Toml(Value::Boolean(false)) => Ok(None),
            _ => Ok(Some(self.text()?).filter(|text| !text.is_empty() && text != "None")),
        }
    }

    pub(super) fn flag(&self) -> Result<bool, SettingsError> {
        let wrong = || self.wrong("true or false is needed");
        match self.value {
            Raw::Toml(Value::Boolean(flag)) => Ok(*flag),
            Raw::Toml(_) => Err(wrong()),
            Raw::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Ok(true),
                "false" | "0" | "no" | "off" => Ok(false),
                _ => Err(wrong()),
            },
        }
    }

    /// A whole number of what `unit` says, as " of bytes".
    pub(super) fn number(&self, least: i64, unit: &str) -> Result<i64, SettingsError> {
        let most = i64::from(MOST_SECONDS);
        let number = match self.value {
            Raw::Toml(value) => value.as_integer(),
            Raw::Text(text) => text.trim().parse().ok(),
        };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| {
                self.wrong(&format!(
                    "a whole number{unit} from {least} to {most} is needed"
                ))
            })
    }

    /// A whole number from 0; nothing for `false` and for Python's `None`.
    pub(super) fn optional_number(&self, unit: &str) -> Result<Option<i64>, SettingsError> {
        self.optional_number_from(0, unit)
    }

    fn optional_number_from(&self, least: i64, unit: &str) -> Result<Option<i64>, SettingsError> {
        let nothing = match self.value {
            Raw::Toml(Value::Boolean(false)) => true,
            Raw::Toml(Value::String(text)) => text == "None",
            Raw::Text(text) => matches!(text, "None" | "false"),
            Raw::Toml(_) => false,
        };
        (!nothing).then(|| self.number(least, unit)).transpose()
    }

    pub(super) fn seconds(&self) -> Result<Duration, SettingsError> {
        let seconds = self.number(1, " of seconds")?;
        Ok(Duration::from_secs(seconds.unsigned_abs()))
    }

    /// A whole number of seconds from 1; nothing for `false` and for Python's `None`.
    pub(super) fn optional_seconds(&self) -> Result<Option<Duration>, SettingsError> {
        let seconds = self.optional_number_from(1, " of seconds")?;
        Ok(seconds.map(|seconds| Duration::from_secs(seconds.unsigned_abs())))
    }

    /// A whole number from 1; nothing for `false` and for Python's `None`.
    pub(super) fn optional_count(&self) -> Result<Option<usize>, SettingsError> {
        let count = self.optional_number_from(1, "")?;
        Ok(count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)))
    }

    /// A word that `parse` knows.
    pub(super) fn word<T>(
        &self,
        needed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, SettingsError> {
        parse(&self.text()?).ok_or_else(|| self.wrong(needed))
    }

    pub(super) fn same_site(&self) -> Result<SameSite, SettingsError> {
        let wrong = || self.wrong("\"Lax\", \"Strict\", \"None\" or false is needed");
        match self.value {
            Raw::Toml(Value::Boolean(false)) => Ok(SameSite::OMIT),
            Raw::Text(text) if text.eq_ignore_ascii_case("false") => Ok(SameSite::OMIT),
            Raw::Toml(Value::String(_)) | Raw::Text(_) => {
                SameSite::parse(&self.text()?).ok_or_else(wrong)
            }
            Raw::Toml(_) => Err(wrong()),
        }
    }

    /// A list of texts. One text alone is a list of one; from the environment a list is JSON.
    pub(super) fn list(&self) -> Result<Vec<String>, SettingsError> {
        let wrong = || self.wrong("a list of texts is needed, such as [\"one\", \"two\"]");
        match self.value {
            Raw::Toml(Value::String(text)) => Ok(vec![text.clone()]),
            Raw::Toml(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
                .collect(),
            Raw::Toml(_) => Err(wrong()),
            Raw::Text(text) if text.trim_start().starts_with('[') => {
                serde_json::from_str(text).map_err(|_| wrong())
            }
            Raw::Text("") => Ok(Vec::new()),
            Raw::Text(text) => Ok(vec![text.to_owned()]),
        }
    }

    fn table(&self) -> Result<Table, SettingsError> {
        let wrong = || self.wrong("a table is needed; in the environment a JSON object");
        match self.value {
            Raw::Toml(Value::Table(table)) => Ok(table.clone()),
            Raw::Toml(_) => Err(wrong()),
            Raw::Text(text) => match serde_json::from_str(text).map(from_json) {
                Ok(Some(Value::Table(table))) => Ok(table),
                _ => Err(wrong()),
            },
        }
    }

    /// A table of tables: `DATABASES`, `CACHES`.
    pub(super) fn entries<T>(
        &self,
        read: impl Fn(&[Given<'_>]) -> Result<T, SettingsError>,
    ) -> Result<BTreeMap<String, T>, SettingsError> {
        let mut entries = BTreeMap::new();
        for (alias, entry) in &self.table()? {
            let name = format!("{}.{alias}", self.name);
            let entry = Given {
                name: &name,
                value: Raw::Toml(entry),
                from: self.from,
            };
            entries.insert(alias.clone(), entry.fields(&read)?);
        }
        Ok(entries)
    }

    /// A table of settings.
    pub(super) fn fields<T>(
        &self,
        read: impl Fn(&[Given<'_>]) -> Result<T, SettingsError>,
    ) -> Result<T, SettingsError> {
        let fields = self.table()?;
        let names: Vec<String> = fields
            .keys()
            .map(|field| format!("{}.{field}", self.name))
            .collect();
        let given: Vec<Given<'_>> = names
            .iter()
            .zip(fields.values())
            .map(|(name, value)| Given {
                name,
                value: Raw::Toml(value),
                from: self.from,
            })
            .collect();
        read(&given)
    }

    pub(super) fn entries_of_text(&self) -> Result<BTreeMap<String, String>, SettingsError> {
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        Ok(self
            .table()?
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect())
    }
}

/// JSON as TOML, which has no null: Python's name for it stands in. `None` if a number is too large.
fn from_json(json: serde_json::Value) -> Option<Value> {
    use serde_json::Value as Json;
    Some(match json {
        Json::Null => Value::String("None".to_owned()),
        Json::Bool(flag) => Value::Boolean(flag),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Float(number.as_f64()?),
        },
        Json::String(text) => Value::String(text),
        Json::Array(items) => {
            Value::Array(items.into_iter().map(from_json).collect::<Option<_>>()?)
        }
        Json::Object(fields) => {
            let fields = fields.into_iter();
            let fields = fields.map(|(name, value)| Some((name, from_json(value)?)));
            Value::Table(fields.collect::<Option<_>>()?)
        }
    })
}
