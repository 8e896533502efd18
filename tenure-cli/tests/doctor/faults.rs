//! Each fault is planted in a project that is healthy without it. The doctor finds it, says what to change, and finds nothing else.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::json;
use testkit::Redis;

use crate::site::{Diagnosis, Site};

const DJANGO_WRITES: &str = "Django writes, tenure reads";
const TENURE_WRITES: &str = "tenure writes, Django reads";
const NONE: &[&str] = &[];
const BOTH: &[&str] = &[DJANGO_WRITES, TENURE_WRITES];

/// The fault is found by this check, which says what to change; what else is found are these consequences.
#[track_caller]
fn found(fault: &str, diagnosis: &Diagnosis, check: &str, to_do: &[&str], consequences: &[&str]) {
    let problems = diagnosis.problems();
    let expected: Vec<&str> = std::iter::once(check)
        .chain(consequences.iter().copied())
        .collect();
    assert!(
        problems.len() == expected.len() && expected.iter().all(|name| problems.contains(name)),
        "{fault}: {problems:?} in place of {expected:?}: {diagnosis:#?}"
    );
    let check = diagnosis.check(check);
    assert!(!check["what"].as_str().unwrap().is_empty());
    for text in to_do {
        assert!(
            check["to_do"].as_str().unwrap().contains(text),
            "{fault}: {text:?} is not said: {check:#}"
        );
    }
}

fn sqlite(site: &Site, sql: &str) {
    rusqlite::Connection::open(site.place.database())
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

#[test]
fn faults_of_the_settings_are_found() {
    let mut site = Site::migrated();
    site.take_settings();
    assert_eq!(site.diagnose().problems(), NONE);

    site.change("SECRET_KEY = 'another secret, as long as the first one 0123456789'");
    let consequences = [&["hash of a login"][..], BOTH].concat();
    found(
        "wrong secret",
        &site.diagnose(),
        "SECRET_KEY",
        &["SECRET_KEY in tenure.toml", "changed_settings"],
        &consequences,
    );

    site.change("SESSION_ENGINE = 'salted'");
    site.write(
        "salted.py",
        "from django.contrib.sessions.backends import db\nclass SessionStore(db.SessionStore):\n    key_salt = 'of the site'\n",
    );
    found(
        "other salt",
        &site.diagnose(),
        "salt",
        &[
            "`key_salt`",
            "salted",
            "django.contrib.sessions.SessionStore",
        ],
        BOTH,
    );

    site.change("SESSION_COOKIE_NAME = 'sid'");
    found(
        "other cookie name",
        &site.diagnose(),
        "SESSION_COOKIE_NAME",
        &["SESSION_COOKIE_NAME in tenure.toml to \"sid\""],
        NONE,
    );

    site.change("USE_TZ = False\nTIME_ZONE = 'Asia/Kolkata'");
    let diagnosis = site.diagnose();
    found(
        "naive dates",
        &diagnosis,
        "USE_TZ",
        &[
            "USE_TZ in tenure.toml to false",
            "TIME_ZONE in tenure.toml to \"Asia/Kolkata\"",
        ],
        BOTH,
    );
    let end = diagnosis.check(DJANGO_WRITES)["what"].as_str().unwrap();
    assert!(
        end.contains("330 minutes ahead")
            || end.contains("6 hours ahead")
            || end.contains("5 hours ahead"),
        "{end}"
    );

    site.change("SESSION_SERIALIZER = 'backwards.Serializer'");
    site.write(
        "backwards.py",
        "from django.core.signing import JSONSerializer\nclass Serializer(JSONSerializer):\n    \
         def dumps(self, data):\n        return super().dumps(data)[::-1]\n    \
         def loads(self, data):\n        return super().loads(data[::-1])\n",
    );
    found(
        "other serializer",
        &site.diagnose(),
        "SESSION_SERIALIZER",
        &[
            "\"django.contrib.sessions.serializers.JSONSerializer\"",
            "changed_settings",
        ],
        BOTH,
    );

    faults_of_users_are_found(&site);

    site.change("import django\ndjango.VERSION = (3, 2, 25, 'final', 0)");
    found(
        "stale version of Django",
        &site.diagnose(),
        "version of Django",
        &["update Django to 4.2"],
        NONE,
    );

    site.change("from django.utils import timezone\nimport datetime\nnow = timezone.now\ntimezone.now = lambda: now() + datetime.timedelta(hours=1)");
    found(
        "clock off by an hour",
        &site.diagnose(),
        "clock of Django",
        &["wrong by 3600 s"],
        BOTH,
    );

    site.change("");
    assert_eq!(site.diagnose().problems(), NONE);

    site.change("");
    site.set("TENURE_HASH_KEYS", "true");
    found(
        "hashed keys",
        &site.diagnose(),
        "TENURE_HASH_KEYS",
        &["set TENURE_HASH_KEYS in the environment", "to false"],
        BOTH,
    );
}

fn faults_of_users_are_found(site: &Site) {
    site.change("PASSWORD_HASHERS = ['django.contrib.auth.hashers.ScryptPasswordHasher', 'django.contrib.auth.hashers.PBKDF2PasswordHasher']");
    found(
        "other hasher",
        &site.diagnose(),
        "password hasher",
        &["TENURE_PASSWORD_HASHER in tenure.toml to \"scrypt$N=16384,r=8,p=5\""],
        NONE,
    );

    site.change(
        "INSTALLED_APPS = [*INSTALLED_APPS, 'accounts']\nAUTH_USER_MODEL = 'accounts.User'",
    );
    site.write(
        "accounts/models.py",
        "from django.contrib.auth.models import AbstractUser\nclass User(AbstractUser):\n    \
         class Meta:\n        db_table = 'auth_user'\n    def get_session_auth_hash(self):\n        return 'of the site'\n",
    );
    found(
        "other hash of a login",
        &site.diagnose(),
        "hash of a login",
        &["`get_session_auth_hash`"],
        NONE,
    );
}

#[test]
fn faults_of_the_tables_are_found() {
    let site = || {
        let site = Site::plain();
        site.take_settings();
        site
    };

    let renamed = site();
    sqlite(&renamed, "ALTER TABLE auth_user RENAME TO accounts_user");
    renamed.change(
        "INSTALLED_APPS = [*INSTALLED_APPS, 'accounts']\nAUTH_USER_MODEL = 'accounts.User'",
    );
    renamed.write(
        "accounts/models.py",
        "from django.contrib.auth.models import AbstractUser\nclass User(AbstractUser):\n    class Meta:\n        db_table = 'accounts_user'\n",
    );
    found(
        "user table renamed",
        &renamed.diagnose(),
        "table of users",
        &["TENURE_USER_TABLE in tenure.toml to \"accounts_user\""],
        NONE,
    );
    renamed.take_settings();
    assert_eq!(renamed.diagnose().problems(), NONE);

    let by_mail = site();
    by_mail.change(
        "INSTALLED_APPS = [*INSTALLED_APPS, 'accounts']\nAUTH_USER_MODEL = 'accounts.User'",
    );
    by_mail.write(
        "accounts/models.py",
        "from django.contrib.auth.models import AbstractUser\nfrom django.db import models\nclass User(AbstractUser):\n    \
         username = None\n    email = models.EmailField(unique=True)\n    USERNAME_FIELD = 'email'\n    \
         class Meta:\n        db_table = 'auth_user'\n",
    );
    found(
        "users with other columns",
        &by_mail.diagnose(),
        "column username of users",
        &["TENURE_USER_COLUMNS.username in tenure.toml to \"email\""],
        NONE,
    );
    by_mail.take_settings();
    assert_eq!(by_mail.diagnose().problems(), NONE);

    let dropped = site();
    sqlite(&dropped, "DROP TABLE django_session");
    found(
        "missing table",
        &dropped.diagnose(),
        "table django_session",
        &["python manage.py migrate", "tenure init"],
        BOTH,
    );

    let unindexed = site();
    sqlite(&unindexed, "DROP INDEX django_session_expire_date_a5c62663");
    found(
        "missing index",
        &unindexed.diagnose(),
        "index on expire_date",
        &["CREATE INDEX"],
        NONE,
    );
}

#[test]
fn faults_of_a_folder_are_found() {
    let mut site = Site::plain();
    let folder = site.place.path().join("sessions");
    fs::create_dir(&folder).unwrap();
    let mode = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o700);
    let text = folder.display();
    site.settle(&format!(
        "SESSION_ENGINE = 'django.contrib.sessions.backends.file'\nSESSION_FILE_PATH = '{text}'"
    ));
    site.take_settings();
    assert_eq!(site.diagnose().problems(), NONE);

    mode(0o300);
    let diagnosis = site.diagnose();
    // Root reads it all the same, and then nothing else is wrong.
    let check = diagnosis.check("rights of the folder");
    assert_eq!(check["verdict"], "problem", "unreadable directory: {check}");
    let to_do = format!("`chmod 700 {}`", folder.display());
    assert!(
        check["to_do"].as_str().unwrap().contains(&to_do),
        "unreadable directory: {check}"
    );

    mode(0o777);
    let diagnosis = site.diagnose();
    assert_eq!(
        diagnosis.check("rights of the folder")["verdict"],
        "problem",
        "{diagnosis:#?}"
    );
    mode(0o700);
    // What the checks wrote is gone.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn faults_of_a_cache_are_found() {
    let redis = Redis::start();
    let mut site = Site::plain();
    site.settle("SESSION_ENGINE = 'django.contrib.sessions.backends.cache'");
    let cache = json!({"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis.url()}});
    site.set("DJANGO_CACHES", cache.to_string());
    site.take_settings();
    assert_eq!(site.diagnose().problems(), NONE);

    site.change("CACHES['default']['KEY_PREFIX'] = 'site'");
    found(
        "other prefix",
        &site.diagnose(),
        "cache KEY_PREFIX",
        &["CACHES.default.KEY_PREFIX in tenure.toml to \"site\""],
        BOTH,
    );

    site.change("CACHES['default']['VERSION'] = 2");
    found(
        "stale version",
        &site.diagnose(),
        "cache VERSION",
        &["CACHES.default.VERSION in tenure.toml to 2"],
        BOTH,
    );

    site.change(
        "CACHES['default']['KEY_FUNCTION'] = lambda key, prefix, version: f'{version}/{key}'",
    );
    found(
        "other keys",
        &site.diagnose(),
        "key in the cache",
        &["KEY_FUNCTION", "changed_settings"],
        BOTH,
    );

    site.change("CACHES['default']['OPTIONS'] = {'serializer': 'json_values.Serializer'}");
    site.write(
        "json_values.py",
        "import json\nclass Serializer:\n    def dumps(self, value):\n        return json.dumps(value).encode()\n    \
         def loads(self, data):\n        return json.loads(data)\n",
    );
    found(
        "other serializer of the cache",
        &site.diagnose(),
        "cache OPTIONS.serializer",
        &["take serializer out"],
        BOTH,
    );

    site.change("");
    redis.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    found(
        "allkeys-lru",
        &site.diagnose(),
        "maxmemory-policy of Redis",
        &["maxmemory-policy noeviction", "cached_db"],
        NONE,
    );
    redis.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    assert_eq!(site.diagnose().problems(), NONE);
    // What the checks wrote is gone, under whichever keys.
    assert_eq!(redis.command(&["DBSIZE"]), "0");
}
