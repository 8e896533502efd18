//! What django-redis writes: a pickle or JSON, and compressed if its options say so.

use crate::{
    codec::{
        Effort, deflate_if_shorter, inflate,
        pickle::{self, Protocol},
    },
    data::Data,
    error::CodecError,
    json::{Json, spaced},
    settings::{CacheSettings, SettingsError},
};

const PICKLE: &str = "django_redis.serializers.pickle.PickleSerializer";
const JSON: &str = "django_redis.serializers.json.JSONSerializer";
const IDENTITY: &str = "django_redis.compressors.identity.IdentityCompressor";
const ZLIB: &str = "django_redis.compressors.zlib.ZlibCompressor";
/// Clients that write each value as it is, to the server that the key belongs to.
const CLIENTS: &[&str] = &[
    "django_redis.client.DefaultClient",
    "django_redis.client.SentinelClient",
];
/// Values up to this length are not compressed (`min_length` in `django_redis/compressors/zlib.py`, 7.0).
const SHORT: usize = 15;

/// The format of django-redis, by its options `SERIALIZER`, `PICKLE_VERSION` and `COMPRESSOR`.
///
/// See [`Format`](super::Format) for where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DjangoRedis {
    serializer: Serializer,
    zlib: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Serializer {
    Json,
    Pickle(Protocol),
}

impl DjangoRedis {
    pub(super) fn of(alias: &str, entry: &CacheSettings) -> Result<Self, SettingsError> {
        let option = |name: &str| entry.options.get(name).map(String::as_str);
        let wrong = |name: &str, needed: &str| {
            let setting = format!("CACHES.{alias}.OPTIONS.{name}");
            Err(SettingsError::invalid(
                &setting,
                option(name).unwrap_or_default(),
                needed,
            ))
        };
        let client = option("CLIENT_CLASS");
        if client.is_some_and(|client| !CLIENTS.contains(&client)) {
            let needed = format!("one of {} is needed", CLIENTS.join(", "));
            return wrong("CLIENT_CLASS", &needed);
        }
        let serializer = match option("SERIALIZER") {
            Some(JSON) => Serializer::Json,
            // The default of django-redis is Python's, 4 up to 3.13 and 5 from 3.14 on; every Python reads 4.
            None | Some(PICKLE) => match option("PICKLE_VERSION") {
                None | Some("4") => Serializer::Pickle(Protocol::Four),
                Some("5" | "-1") => Serializer::Pickle(Protocol::Five),
                Some(_) => return wrong("PICKLE_VERSION", "4, 5 or -1 is needed"),
            },
            Some(_) => {
                return wrong("SERIALIZER", &format!("{PICKLE:?} or {JSON:?} is needed"));
            }
        };
        let zlib = match option("COMPRESSOR") {
            None | Some(IDENTITY) => false,
            Some(ZLIB) => true,
            Some(_) => {
                return wrong("COMPRESSOR", &format!("{ZLIB:?} or {IDENTITY:?} is needed"));
            }
        };
        Ok(Self { serializer, zlib })
    }

    pub(super) fn encode(self, data: &Data) -> Vec<u8> {
        let bytes = match self.serializer {
            Serializer::Json => spaced(&data.to_json()).into_bytes(),
            Serializer::Pickle(protocol) => pickle::encode(data, protocol),
        };
        let deflated = if self.zlib && bytes.len() > SHORT {
            deflate_if_shorter(&bytes, Effort::Thorough)
        } else {
            None
        };
        deflated.unwrap_or(bytes)
    }

    pub(super) fn is_pickle(self) -> bool {
        matches!(self.serializer, Serializer::Pickle(_))
    }

    pub(super) fn nothing(self) -> &'static [u8] {
        match self.serializer {
            Serializer::Json => b"null",
            Serializer::Pickle(_) => pickle::NONE,
        }
    }

    pub(super) fn decode(self, bytes: &[u8], limit: usize) -> Result<Data, CodecError> {
        let inflated;
        let mut plain = bytes;
        if self.zlib {
            match inflate(bytes, limit) {
                Ok(bytes) => {
                    inflated = bytes;
                    plain = &inflated;
                }
                Err(error @ CodecError::TooLarge { .. }) => return Err(error),
                // Short values are not compressed, nor are those from before the option was set.
                Err(_) => {}
            }
        }
        match self.serializer {
            Serializer::Pickle(_) => Ok(pickle::decode(plain, limit)?.0),
            Serializer::Json => {
                let text =
                    str::from_utf8(plain).map_err(|error| CodecError::malformed("JSON", error))?;
                Data::from_json(Json::parse(text)?.as_str().as_bytes())
            }
        }
    }
}
