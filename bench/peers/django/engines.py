"""What each engine of the benchmark means in Django's settings."""

from urllib.parse import urlsplit

SESSIONS = "django.contrib.sessions.backends."


def settings_of(engine, url):
    """Django's settings for an engine's name and its URL."""
    return ENGINES[engine](url)


def bare(_url):
    return {"MIDDLEWARE": []}


def database(url):
    return {
        "SESSION_ENGINE": SESSIONS + "db",
        "INSTALLED_APPS": ["django.contrib.sessions"],
        "DATABASES": {"default": {**database_at(url), "CONN_MAX_AGE": None}},
    }


def database_at(url):
    parts = urlsplit(url)
    if parts.scheme in ("", "sqlite"):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path,
            "OPTIONS": {
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
                "transaction_mode": "IMMEDIATE",
            },
        }
    backend = "postgresql" if parts.scheme in ("postgres", "postgresql") else "mysql"
    if backend == "mysql":
        play_mysqlclient()
    return {
        "ENGINE": f"django.db.backends.{backend}",
        "HOST": parts.hostname,
        "PORT": parts.port,
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        "NAME": parts.path.removeprefix("/"),
    }


def play_mysqlclient():
    """Lets PyMySQL stand in for mysqlclient, of which there is no wheel for Linux."""
    import pymysql

    # Django asks for mysqlclient's version.
    pymysql.version_info = (2, 2, 1, "final", 0)
    pymysql.install_as_MySQLdb()


def cache_of(backend):
    def cache(url):
        return {
            "SESSION_ENGINE": SESSIONS + "cache",
            "CACHES": {"default": {"BACKEND": f"django.core.cache.backends.{backend}", "LOCATION": url}},
        }

    return cache


def memory(_url):
    settings = cache_of("locmem.LocMemCache")("")
    # Its own limit is 300 entries, which loses sessions.
    settings["CACHES"]["default"]["OPTIONS"] = {"MAX_ENTRIES": 10_000_000}
    return settings


def cached_db(urls):
    """Two URLs with a space between them: the database's and the cache's (Redis)."""
    behind, cache = urls.split()
    return {
        **cache_of("redis.RedisCache")(cache),
        **database(behind),
        "SESSION_ENGINE": SESSIONS + "cached_db",
    }


def file(folder):
    return {"SESSION_ENGINE": SESSIONS + "file", "SESSION_FILE_PATH": folder}


def signed_cookies(_url):
    return {"SESSION_ENGINE": SESSIONS + "signed_cookies"}


ENGINES = {
    "bare": bare,
    "cached-db": cached_db,
    "file": file,
    "memcached": cache_of("memcached.PyMemcacheCache"),
    "memory": memory,
    "mysql": database,
    "postgres": database,
    "redis": cache_of("redis.RedisCache"),
    "signed-cookies": signed_cookies,
    "sqlite": database,
}
