//! What stands in a cache's bytes.

use super::{backend, django_redis::DjangoRedis};
use crate::{
    codec::pickle::{self, Protocol},
    data::Data,
    error::CodecError,
    settings::{CacheSettings, SettingsError},
};

/// Python's `None`, in a protocol that every Python 3 reads.
pub(super) const PICKLED_NONE: &[u8] = b"\x80\x04N.";

/// How a session's data is written into a cache.
///
/// ```
/// use tenure::{Data, engine::cache::Format, settings::CacheSettings};
///
/// let mut entry = CacheSettings::default();
/// entry.backend = "django.core.cache.backends.redis.RedisCache".into();
/// let format = Format::of("default", &entry)?;
/// assert_eq!(format, Format::Pickle);
/// assert_eq!(format.encode(&Data::new()), b"\x80\x05}\x94.");
/// # Ok::<(), tenure::SettingsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// JSON as Django's session serializer writes it. What caches of tenure's own hold.
    Json,
    /// Python's pickle, by its highest protocol. What Django's own caches hold in Redis and memcached.
    Pickle,
    /// What django-redis writes by its options.
    DjangoRedis(DjangoRedis),
}

impl Format {
    /// The format that the entry `alias` of `CACHES` asks for by `BACKEND` and `OPTIONS`.
    ///
    /// # Errors
    ///
    /// When tenure does not serve the backend, or an option asks for a format or for keys that tenure cannot write.
    ///
    /// # Example
    ///
    /// ```
    /// use tenure::{engine::cache::Format, settings::CacheSettings};
    ///
    /// let mut entry = CacheSettings::default();
    /// entry.backend = "django.core.cache.backends.redis.RedisCash".into();
    /// let error = Format::of("default", &entry).unwrap_err().to_string();
    /// assert!(error.ends_with("did you mean \"django.core.cache.backends.redis.RedisCache\"?"));
    /// ```
    pub fn of(alias: &str, entry: &CacheSettings) -> Result<Self, SettingsError> {
        Ok(match backend::find(alias, entry)?.1 {
            backend::Owner::Tenure => Self::Json,
            backend::Owner::Django => Self::Pickle,
            backend::Owner::DjangoRedis => Self::DjangoRedis(DjangoRedis::of(alias, entry)?),
        })
    }

    /// The bytes of `data`.
    pub fn encode(self, data: &Data) -> Vec<u8> {
        match self {
            Self::Json => data.to_json().into_bytes(),
            Self::Pickle => pickle::encode(data, Protocol::Five),
            Self::DjangoRedis(format) => format.encode(data),
        }
    }

    /// What Django reads as "nothing is there": `None`.
    pub(crate) fn nothing(self) -> &'static [u8] {
        match self {
            Self::Json => b"null",
            Self::Pickle => PICKLED_NONE,
            Self::DjangoRedis(format) => format.nothing(),
        }
    }

    /// Whether Django still reads a value that more bytes follow. Nobody but tenure reads its own JSON.
    pub(crate) fn may_be_followed(self) -> bool {
        match self {
            Self::Json | Self::Pickle => true,
            Self::DjangoRedis(format) => format.is_pickle(),
        }
    }

    /// The data that stands in `bytes`, of which at most `limit` are looked into.
    ///
    /// # Errors
    ///
    /// When the bytes are not of this format, hold what no session can hold, or inflate beyond the limit.
    pub fn decode(self, bytes: &[u8], limit: usize) -> Result<Data, CodecError> {
        if bytes.len() > limit {
            return Err(CodecError::TooLarge { limit });
        }
        match self {
            Self::Json => Data::from_json(bytes),
            Self::Pickle => Ok(pickle::decode(bytes, limit)?.0),
            Self::DjangoRedis(format) => format.decode(bytes, limit),
        }
    }

    /// The flags that Django's drivers for memcached give such a value: 1 for a pickle, 0 for bytes.
    ///
    /// ```
    /// assert_eq!(tenure::engine::cache::Format::Pickle.memcached_flags(), 1);
    /// ```
    pub fn memcached_flags(self) -> u32 {
        match self {
            Self::Pickle => 1,
            Self::Json | Self::DjangoRedis(_) => 0,
        }
    }
}
