"""
Operations on many sessions at once: one line each way for a thousand. Lists
stand in the order of the question's.

A session's content travels as JSON text, not as JSON: the driver of a test may
know no integers beyond 64 bits and no half surrogate pairs, and Python spells
each value in one way only, so that texts tell everything that values do.
"""

import datetime as dt
import json
import os
import time
from contextlib import nullcontext
from functools import cached_property
from unittest.mock import patch

from common import expiry_of, operation, session
from django.conf import settings
from django.contrib.sessions.backends.signed_cookies import (
    SessionStore as SignedCookies,
)

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
HELD = []


def text_of(value):
    return json.dumps(value, separators=(",", ":"))


def microseconds(date):
    """Since 1970."""
    from django.utils import timezone

    date = date if date.tzinfo else timezone.make_aware(date)
    return (date - EPOCH) // dt.timedelta(microseconds=1)


def transaction(store):
    """One commit for all: a thousand would only measure the disk."""
    from django.db import transaction

    return transaction.atomic() if hasattr(store, "model") else nullcontext()


class Text:
    """Takes the place of the serializer: what is stored, as it is stored."""

    def loads(self, data):
        return data.decode("latin-1")


class Place:
    """Where an engine keeps a session; this is the database's."""

    def __init__(self, store):
        self.store = store

    @property
    def rows(self):
        return self.store.model.objects.filter(session_key=self.store.session_key)

    @cached_property
    def row(self):
        return self.rows.first()

    def is_there(self):
        return self.row is not None

    def signed(self):
        return self.row.session_data

    def stored(self):
        """The JSON text as it is stored, byte for byte; None where the engine stores no JSON."""
        from django.core import signing

        signed = self.signed()
        salt = self.store.key_salt
        if isinstance(self.store, SignedCookies):
            salt = SignedCookies.__module__
        signer = signing.TimestampSigner(salt=salt)
        return signer.unsign_object(signed, serializer=Text)

    def written(self, data):
        """What Django itself would store."""
        return text_of(data)

    def ends(self, data):
        return self.row.expire_date

    def let_pass(self, seconds):
        from django.db.models import F

        self.rows.update(expire_date=F("expire_date") - dt.timedelta(seconds=seconds))
        if hasattr(self.store, "cache_key"):
            self.store._cache.delete(self.store.cache_key)


class InFile(Place):
    def is_there(self):
        return self.store.exists(self.store.session_key)

    def signed(self):
        with open(self.store._key_to_file(), encoding="ascii") as file:
            return file.read()

    def ends(self, data):
        # Not Django's own `_expiry_date`, which forgets that a number counts from somewhere.
        self.store._session_cache = data
        return self.store.get_expiry_date(modification=self.store._last_modification())

    def let_pass(self, seconds):
        path = self.store._key_to_file()
        then = os.stat(path).st_mtime - seconds
        os.utime(path, (then, then))


class InCache(Place):
    def __init__(self, store):
        super().__init__(store)
        self.cache = store._cache

    def is_there(self):
        return self.store.cache_key in self.cache

    def stored(self):
        options = settings.CACHES[settings.SESSION_CACHE_ALIAS].get("OPTIONS", {})
        if not options.get("SERIALIZER", "").endswith("JSONSerializer"):
            return None
        client = self.cache.client
        return client.get_client().get(client.make_key(self.store.cache_key)).decode()

    def written(self, data):
        return json.dumps(data)  # as django-redis does

    def seconds_left(self):
        key = self.store.cache_key
        if hasattr(self.cache, "pttl"):  # django-redis
            return self.cache.pttl(key) / 1000
        key = self.cache.make_and_validate_key(key)
        client = self.cache._cache
        if hasattr(client, "get_client"):  # Django's Redis
            return client.get_client(key).pttl(key) / 1000
        answer = client._get_client(key).raw_command(f"mg {key} t")  # pymemcache
        found, *flags = answer.decode().split()
        return float(flags[0][1:]) if found == "HD" else -1

    def ends(self, data):
        left = self.seconds_left()
        now = dt.datetime.now(dt.timezone.utc)
        return now + dt.timedelta(seconds=left) if left > 0 else None

    def let_pass(self, seconds):
        self.cache.touch(self.store.cache_key, self.seconds_left() - seconds)


class InCookie(Place):
    def is_there(self):
        return True

    def signed(self):
        return self.store.session_key

    def ends(self, data):
        from django.core import signing

        _, made = self.signed().rsplit(":", 2)[:2]
        made = EPOCH + dt.timedelta(seconds=signing.b62_decode(made))
        self.store._session_cache = data
        return self.store.get_expiry_date(modification=made)

    def let_pass(self, seconds):
        then = time.time() - seconds
        with patch("django.core.signing.time.time", lambda: then):
            self.store.save()


def place(key):
    store = session(key)
    kinds = {"file": InFile, "cache": InCache, "signed_cookies": InCookie}
    return kinds.get(settings.SESSION_ENGINE.rpartition(".")[2], Place)(store)


@operation
def canonical(texts):
    """Each text as Python's json writes what it reads in it."""
    return {"texts": [text_of(json.loads(text)) for text in texts]}


@operation
def save_many(sessions):
    """New sessions: `data` is the JSON text of an object, `expiry` as in save."""
    keys = []
    with transaction(session()):
        for one in sessions:
            store = session()
            store.update(json.loads(one["data"]))
            if one["expiry"] is not None:
                store.set_expiry(expiry_of(one["expiry"]))
            store.save()
            keys.append(store.session_key)
    return {"keys": keys}


@operation
def look_at_many(keys):
    """
    What Django sees, and what lies in the store. `exists`: a request with this
    key finds the session. `data`: what it finds, `age` its get_expiry_age.
    `ends`: microseconds since 1970 until the session's end as the store has it.
    `stored`: the JSON text in the store, or null where it is none; `written`:
    what Django itself would write in its place.
    """
    seen = []
    for key in keys:
        there = place(key)
        stored = there.stored() if there.is_there() else None
        store = session(key)
        data = store.load()
        # A dead key is dropped, or a new session takes its place, or its cookie is to be replaced.
        exists = there.is_there() and store.session_key == key and not store.modified
        ends = there.ends(data) if exists else None
        store._session_cache = data
        seen.append(
            {
                "exists": exists,
                "data": text_of(data),
                "stored": stored,
                "written": stored and there.written(data),
                "ends": ends and microseconds(ends),
                "age": store.get_expiry_age() if exists else None,
            }
        )
    return {"sessions": seen}


@operation
def are_there(keys):
    """Whether something lies under each key, though it may have ended."""
    return {"there": [place(key).is_there() for key in keys]}


@operation
def let_pass_many(keys, seconds):
    """Makes sessions older, as if this time had passed since they were saved; answers with their keys."""
    places = [place(key) for key in keys]
    with transaction(session()):
        for there in places:
            there.let_pass(seconds)
    return {"keys": [there.store.session_key for there in places]}


def change(store, steps):
    """`set`: JSON texts by key; `delete`: keys; `expiry`, if there: as in save."""
    for name, text in steps.get("set", {}).items():
        store[name] = json.loads(text)
    for name in steps.get("delete", []):
        del store[name]
    if "expiry" in steps:
        store.set_expiry(expiry_of(steps["expiry"]))


@operation
def change_many(changes):
    """Changes each session `key` in a request of its own; answers with their keys."""
    keys = []
    with transaction(session()):
        for steps in changes:
            store = session(steps["key"])
            change(store, steps)
            store.save()
            keys.append(store.session_key)
    return {"keys": keys}


@operation
def begin_many(keys):
    """Requests that have read their sessions and not answered yet; finish_many ends them."""
    HELD[:] = [session(key) for key in keys]
    for store in HELD:
        store._get_session()
    return {"ok": True}


@operation
def finish_many(changes):
    """Each held request makes its changes and saves: null, or the name of what Django raised."""
    raised = []
    for store, steps in zip(HELD, changes, strict=True):
        try:
            change(store, steps)
            store.save()
            raised.append(None)
        except Exception as error:
            raised.append(type(error).__name__)
    return {"raised": raised}
