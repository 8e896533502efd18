"""
A user model of the site's own: its key is a UUID, people log in with their
address, nobody is staff, and its table has a capital letter.
"""

import uuid

from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    PermissionsMixin,
)
from django.db import models


class People(BaseUserManager):
    def create_user(self, email, password=None, is_superuser=False, is_staff=False):
        person = self.model(email=email, is_superuser=is_superuser)
        person.set_password(password)
        person.save()
        return person


class Person(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True, db_column="may_log_in")

    USERNAME_FIELD = "email"
    objects = People()

    class Meta:
        db_table = "people_Person"
