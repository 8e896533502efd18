"""What all operations of the driver are made of."""

import datetime as dt
from importlib import import_module

from django.conf import settings
from django.utils import timezone

OPERATIONS = {}


def operation(function):
    OPERATIONS[function.__name__] = function
    return function


def session(key=None):
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def request_with(key):
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.session = session(key)
    return request


def user_named(username):
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get_by_natural_key(username)


def expiry_of(value):
    """What set_expiry takes: null, seconds, a date in ISO 8601 (UTC if it names no zone), or {"after": seconds} for a timedelta."""
    if isinstance(value, dict):
        return dt.timedelta(seconds=value["after"])
    if not isinstance(value, str):
        return value
    date = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
    date = date if date.tzinfo else date.replace(tzinfo=dt.timezone.utc)
    return date if settings.USE_TZ else timezone.make_naive(date)
