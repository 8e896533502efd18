"""Starts the site for the demo, ready to be used."""

import os
import threading

from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, call_command


def end_with_the_input():
    # Not sys.stdin, whose lock would be in the way of an ordinary end.
    while os.read(0, 1024):
        pass
    os._exit(0)


class Command(BaseCommand):
    help = (
        "Migrate, make a superuser if there is none, and serve on a free port until "
        "standard input ends, as it does with the program at its other end."
    )

    def add_arguments(self, parser):
        parser.add_argument("username")
        parser.add_argument("password")

    def handle(self, *, username, password, **options):
        threading.Thread(target=end_with_the_input, daemon=True).start()
        call_command("migrate", verbosity=0)
        users = get_user_model().objects
        if not users.filter(username=username).exists():
            users.create_superuser(username, password=password)
        call_command("runserver", "127.0.0.1:0", use_reloader=False)
