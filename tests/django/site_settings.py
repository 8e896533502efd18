"""
An ordinary Django site, as `startproject` writes it, which takes from the
environment what a test must share with it:

DJANGO_DB                    path of the SQLite database
DJANGO_DATABASE              DATABASES["default"] as JSON, in place of DJANGO_DB
DJANGO_AUTH_USER_MODEL       "people.Person" for the app in people/; default Django's own
DJANGO_CACHES                CACHES as JSON; default Django's own
DJANGO_PASSWORD_HASHERS      PASSWORD_HASHERS as a JSON list; default Django's own
DJANGO_SECRET_KEY            SECRET_KEY; required
DJANGO_SECRET_KEY_FALLBACKS  a JSON list; default []
SESSION_ENGINE               default django.contrib.sessions.backends.db
SESSION_FILE_PATH            default Django's own
DJANGO_FURTHER_SETTINGS      further settings as a JSON object
"""

import json
import os

from django.core.exceptions import ImproperlyConfigured


def required(name):
    try:
        return os.environ[name]
    except KeyError:
        raise ImproperlyConfigured(f"set the environment variable {name}") from None


SECRET_KEY = required("DJANGO_SECRET_KEY")
SECRET_KEY_FALLBACKS = json.loads(os.environ.get("DJANGO_SECRET_KEY_FALLBACKS", "[]"))
SESSION_ENGINE = os.environ.get(
    "SESSION_ENGINE", "django.contrib.sessions.backends.db"
)

SESSION_FILE_PATH = os.environ.get("SESSION_FILE_PATH")

if "DJANGO_DATABASE" in os.environ:
    database = json.loads(os.environ["DJANGO_DATABASE"])
else:
    database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": required("DJANGO_DB"),
    }
if database["ENGINE"].endswith("mysql"):
    import pymysql

    # Django asks for a version of mysqlclient, whose part PyMySQL plays.
    pymysql.version_info = (2, 2, 1, "final", 0)
    pymysql.install_as_MySQLdb()
DATABASES = {"default": database}
if "DJANGO_CACHES" in os.environ:
    CACHES = json.loads(os.environ["DJANGO_CACHES"])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
STATIC_URL = "static/"
USE_TZ = True

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
]

if "DJANGO_AUTH_USER_MODEL" in os.environ:
    AUTH_USER_MODEL = os.environ["DJANGO_AUTH_USER_MODEL"]
    INSTALLED_APPS.append(AUTH_USER_MODEL.split(".")[0])

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Without the variable Django's own, at their full costs: what a fast hasher for
# tests would write is not what a real site writes.
if "DJANGO_PASSWORD_HASHERS" in os.environ:
    PASSWORD_HASHERS = json.loads(os.environ["DJANGO_PASSWORD_HASHERS"])

globals().update(json.loads(os.environ.get("DJANGO_FURTHER_SETTINGS", "{}")))
