"""
A Django project, asked by tenure: one JSON object per line on standard input
is a request, one marked line on standard output its answer.

    python -c THIS /srv/site/manage.py

The project's own manage.py runs up to the point where Django would look for
a command. So all that it does before holds here too: environment, import
paths, another way to load settings. No command of the project's runs.
"""

import json
import os
import runpy
import sys
import time
from importlib import import_module

MARK = "tenure:"
SALT = "tenure.doctor"
OPERATIONS = {}
URLS = ["LOGIN_REDIRECT_URL", "LOGIN_URL", "LOGOUT_REDIRECT_URL"]
SESSION_SETTINGS = URLS + [
    "SESSION_CACHE_ALIAS",
    "SESSION_COOKIE_AGE",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_PATH",
    "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_SECURE",
    "SESSION_ENGINE",
    "SESSION_EXPIRE_AT_BROWSER_CLOSE",
    "SESSION_FILE_PATH",
    "SESSION_SAVE_EVERY_REQUEST",
    "SESSION_SERIALIZER",
    "TIME_ZONE",
    "USE_TZ",
]
FLAGS = {
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SECURE",
    "SESSION_EXPIRE_AT_BROWSER_CLOSE",
    "SESSION_SAVE_EVERY_REQUEST",
    "USE_TZ",
}

# Whatever the project prints must not mix with the answers.
answers = os.fdopen(os.dup(1), "w", encoding="ascii")
os.dup2(2, 1)


def answer(fields):
    print(MARK + json.dumps(fields), file=answers, flush=True)


def give_up(why, error):
    answer({"failed": why, "error": f"{type(error).__name__}: {error}"})
    os._exit(1)


def operation(function):
    OPERATIONS[function.__name__] = function
    return function


def plain(value):
    """What JSON can hold; TypeError for the rest."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    raise TypeError(type(value).__name__)


def split(options):
    """Options that are plain, and the names of those that are not."""
    taken, objects = {}, []
    for name, value in (options or {}).items():
        try:
            taken[str(name)] = plain(value)
        except TypeError:
            objects.append(str(name))
    return {"options": taken, "objects": objects}


def text(value):
    """A setting as text, lazily made texts and paths included."""
    return None if value is None else str(value)


def dotted(thing):
    return f"{thing.__module__}.{thing.__qualname__}"


def store(key=None):
    from django.conf import settings

    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def session_database():
    """The alias of the database in which Django keeps sessions."""
    from django.db import router

    model = getattr(store(), "model", None)
    return router.db_for_write(model) if model else "default"


def moment(value):
    from django.utils import timezone

    if timezone.is_naive(value):
        value = timezone.make_aware(value)
    return value.timestamp()


def engine():
    session = store()
    known = "django.contrib.sessions.backends."
    bases = [base.__module__ for base in type(session).__mro__]
    bases = [name[len(known) :] for name in bases if name.startswith(known)]
    model = getattr(session, "model", None)
    return {
        "base": bases[0] if bases and bases[0] != "base" else None,
        "salt": session.key_salt,
        "serializer": dotted(session.serializer),
        "table": model and model._meta.db_table,
        "folder": getattr(session, "storage_path", None),
    }


def database():
    from django.db import connections

    alias = session_database()
    entry = connections[alias].settings_dict
    name = entry.get("NAME")
    if "sqlite" in entry["ENGINE"] and not str(name).startswith((":memory:", "file:")):
        name = os.path.abspath(name)
    fields = split(entry.get("OPTIONS"))
    fields.update(alias=alias, engine=entry["ENGINE"], name=text(name))
    for field in ("user", "password", "host", "port", "time_zone"):
        fields[field] = text(entry.get(field.upper())) or None
    return fields


def cache():
    from django.conf import settings
    from django.core.cache import caches

    alias = settings.SESSION_CACHE_ALIAS
    entry = settings.CACHES[alias]
    server = caches[alias]
    known = ("django.core.cache.backends.", "django_redis.cache")
    bases = [base for base in type(server).__mro__ if base.__module__.startswith(known)]
    location = entry.get("LOCATION") or []
    if isinstance(location, (str, os.PathLike)):
        location = [location]
    prefix = getattr(store(), "cache_key_prefix", "")
    function = entry.get("KEY_FUNCTION")
    fields = split(entry.get("OPTIONS"))
    fields.update(
        alias=alias,
        backend=dotted(bases[0]) if bases else entry["BACKEND"],
        custom=not bases or dotted(bases[0]) != entry["BACKEND"],
        location=[text(place) for place in location],
        key_prefix=text(entry.get("KEY_PREFIX")) or "",
        version=int(entry.get("VERSION", 1)),
        key_function=dotted(function) if callable(function) else function,
        key=server.make_key(prefix + "KEY"),
    )
    return fields


def user():
    from django.contrib.auth import get_user_model

    model = get_user_model()
    names = {field.name: field.column for field in model._meta.concrete_fields}
    columns = {"id": model._meta.pk.column, "username": names[model.USERNAME_FIELD]}
    for name in ("password", "is_active", "is_staff", "is_superuser", "last_login"):
        columns[name] = names.get(name)
    return {"table": model._meta.db_table, "columns": columns}


def hasher():
    """The preferred password hasher with its costs, as tenure names one."""
    from django.contrib.auth.hashers import get_hasher

    first = get_hasher()
    costs = {
        "argon2": "m={0.memory_cost},t={0.time_cost},p={0.parallelism}",
        "bcrypt": "{0.rounds}",
        "bcrypt_sha256": "{0.rounds}",
        "pbkdf2_sha1": "{0.iterations}",
        "pbkdf2_sha256": "{0.iterations}",
        "scrypt": "N={0.work_factor},r={0.block_size},p={0.parallelism}",
    }.get(first.algorithm)
    if costs is None:
        return first.algorithm
    return f"{first.algorithm}${costs.format(first)}"


def attempt(function, *arguments):
    """The answer, or why there is none: a project need not have all parts."""
    try:
        return function(*arguments)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def address(name, value):
    """Where a setting leads that may be the name of a URL pattern."""
    from django.conf import global_settings
    from django.shortcuts import resolve_url

    try:
        return None if value is None else str(resolve_url(value))
    except Exception:
        # Django cannot tell either: a redirect there fails.
        return getattr(global_settings, name)


def setting(name):
    from django.conf import settings

    value = getattr(settings, name, None)
    if name in FLAGS:
        return bool(value)
    if name in URLS:
        return address(name, value)
    try:
        return plain(value)
    except TypeError:
        return str(value)


@operation
def describe(key=None):
    """All settings; with `key`, keyed hashes stand in place of secrets."""
    import django
    from django.conf import settings
    from django.utils.crypto import salted_hmac
    from django.utils.encoding import force_bytes

    def secret(value):
        value = force_bytes(value)
        if key is None:
            return value.decode()
        return salted_hmac(SALT, value, key, algorithm="sha256").hexdigest()

    return {
        "django": django.get_version(),
        "version": list(django.VERSION[:2]),
        "module": getattr(settings, "SETTINGS_MODULE", None) or "",
        "debug": bool(settings.DEBUG),
        "secret": secret(settings.SECRET_KEY),
        "fallbacks": [
            secret(value) for value in getattr(settings, "SECRET_KEY_FALLBACKS", [])
        ],
        "settings": {name: setting(name) for name in SESSION_SETTINGS},
        "engine": attempt(engine),
        "database": attempt(database),
        "cache": attempt(cache),
        "user": attempt(user),
        "hasher": attempt(hasher),
    }


@operation
def clock():
    """What the time is to Python, and to Django."""
    from django.utils import timezone

    return {"python": time.time(), "django": moment(timezone.now())}


@operation
def has_table():
    """Whether the table of sessions is there; null for an engine without one."""
    from django.db import connections

    model = getattr(store(), "model", None)
    if not model:
        return None
    connection = connections[session_database()]
    with connection.cursor() as cursor:
        return model._meta.db_table in connection.introspection.table_names(cursor)


@operation
def first_user():
    """A user, and the hash that ties a session to their password."""
    from django.contrib.auth import get_user_model

    found = get_user_model()._default_manager.order_by("pk").first()
    return found and {"id": str(found.pk), "hash": found.get_session_auth_hash()}


@operation
def write(data, seconds):
    session = store()
    session.update(data)
    session.set_expiry(seconds)
    session.save()
    return {"key": session.session_key, "ends": time.time() + seconds}


@operation
def read(key):
    session = store(key)
    data = session.load()
    ends = None
    if getattr(session, "model", None):
        row = session.model.objects.filter(session_key=key).first()
        ends = row and moment(row.expire_date)
    stored = bool(data) or bool(session.exists(key))
    return {"stored": stored, "data": data, "ends": ends}


@operation
def delete(key):
    store().delete(key)


def serve(_utility):
    """Stands in for Django's search for a command."""
    try:
        import django
        from django.conf import settings

        settings.INSTALLED_APPS
        django.setup()
    except BaseException as error:
        give_up("settings", error)
    answer({"ready": True})
    for line in sys.stdin.buffer:
        request = json.loads(line)
        function = OPERATIONS[request.pop("op")]
        try:
            answer({"answer": function(**request)})
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {error}"})
    os._exit(0)


def main():
    path = sys.argv[1]
    sys.path[0] = os.path.dirname(path)
    # What manage.py looks at to tell what it is to do.
    sys.argv = [path, "shell"]
    try:
        from django.core.management import ManagementUtility
    except ImportError as error:
        give_up("django", error)
    ManagementUtility.execute = serve
    try:
        runpy.run_path(path, run_name="__main__")
    except BaseException as error:
        give_up("manage", error)
    give_up("manage", LookupError("it came to its end without Django's commands"))


main()
