"""Starts Django under gunicorn, after making the engine's table: `python serve.py ENGINE`."""

import os
import sys
from pathlib import Path

FOLDER = Path(__file__).parent

os.environ["BENCH_ENGINE"] = sys.argv[1]
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"


def make_table():
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    if "django.contrib.sessions" in settings.INSTALLED_APPS:
        call_command("migrate", "sessions", verbosity=0)


make_table()
arguments = [
    "--chdir",
    str(FOLDER),
    "--bind",
    os.environ["BENCH_ADDRESS"],
    "--workers",
    "1",
    "--worker-class",
    "sync",
    "--log-level",
    "warning",
    "application:application",
]
os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments])
