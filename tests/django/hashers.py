"""A password hasher for tests that are not about passwords: its format is Django's, its cost is not."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class Quick(PBKDF2PasswordHasher):
    iterations = 10_000
