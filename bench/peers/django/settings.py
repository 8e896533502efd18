"""The smallest settings with which Django serves sessions, from the environment that serve.py hands on."""

import os

from engines import settings_of

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
# Fixed: it comes from the environment in production too, and is as long as the one that Django's startproject makes.
SECRET_KEY = "a-key-of-fifty-characters-that-is-nobodys-secret-1"
USE_TZ = True
ROOT_URLCONF = "urls"
INSTALLED_APPS = []
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
# An engine sets SESSION_ENGINE, and DATABASES or CACHES, and takes away what it does not need.
globals().update(settings_of(os.environ["BENCH_ENGINE"], os.environ.get("BENCH_URL", "")))
