#!/usr/bin/env python3
"""
Django, driven by a test: one JSON object per line on standard input is a
request, one per line on standard output its answer. Ends with its input.

Started with the environment that site_settings.py lists. An answer with the
member "error" says what Django raised; the driver then goes on.

version                                 -> django, engine
migrate                                 -> ok
save            key, data, expiry       -> key
load            key                     -> exists, stored, data, expire_date
save_python     source, key             -> key
load_python     key                     -> source
delete          key                     -> ok
clear_expired                           -> ok
create_user     username, password, superuser=false -> id
check_password  username, password      -> valid
authenticate    username, password      -> id or null
grant           username, permission, group=null -> ok
permissions     username                -> permissions
make_hash       password, hasher, costs={} -> encoded
check_hash      password, encoded       -> right
must_update     encoded, hasher, costs={} -> must_update
get_user        key                     -> id or null, key
login           username, key           -> key
logout          key                     -> ok

In many.py, on many sessions at once: canonical, save_many, look_at_many,
are_there, let_pass_many, change_many, begin_many, finish_many. In
site_server.py, a site for browsers: serve, set_settings, set_password,
set_active, password_reset_link.

The comment of each function says more. A "key" may be null or left out.
"""

import datetime as dt
import json
import os
import sys

import django
from common import OPERATIONS, expiry_of, operation, request_with, session, user_named
from django.conf import settings
from django.utils.module_loading import import_string


def written(pk):
    return pk if pk is None or isinstance(pk, int) else str(pk)


@operation
def version():
    return {"django": django.get_version(), "engine": settings.SESSION_ENGINE}


@operation
def migrate():
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    return {"ok": True}


@operation
def save(key=None, data=None, expiry=None):
    """
    `data` becomes all that the session holds. Without a key Django chooses
    one; a key that is not stored yet is created as it is, which Django itself
    never does with a visitor's key. `expiry`: see expiry_of; null leaves it out.
    """
    store = session(key)
    store.clear()
    store.update(data or {})
    if expiry is not None:
        store.set_expiry(expiry_of(expiry))
    store.save(must_create=key is not None and not store.exists(key))
    return {"key": store.session_key}


@operation
def load(key):
    """
    `exists`: a request with this key would find the session. `stored`: there
    is something under the key, perhaps expired. `expire_date` is the table's
    column where the engine has a table, else what Django computes.
    """
    store = session(key)
    stored = bool(store.exists(key))
    data = store.load()
    # On a dead key the engines either drop it or start a new session.
    exists = stored and store.session_key == key
    expire_date = None
    if hasattr(store, "get_model_class"):
        row = store.model.objects.filter(session_key=key).first()
        expire_date = row and row.expire_date.isoformat()
    elif exists:
        expire_date = store.get_expiry_date().isoformat()
    return {
        "exists": exists,
        "stored": stored,
        "data": data,
        "expire_date": expire_date,
    }


@operation
def save_python(source, key=None):
    """As save, with the data as Python's source, for what JSON cannot say."""
    import decimal
    import uuid

    return save(key, eval(source, {"dt": dt, "decimal": decimal, "uuid": uuid}))


@operation
def load_python(key):
    """What a request finds, as Python's `repr` gives it."""
    return {"source": repr(session(key).load())}


@operation
def delete(key):
    session().delete(key)
    return {"ok": True}


@operation
def clear_expired():
    from django.core.management import call_command

    call_command("clearsessions")
    return {"ok": True}


@operation
def create_user(username, password, superuser=False):
    from django.contrib.auth import get_user_model

    user = get_user_model().objects.create_user(
        username, password=password, is_staff=superuser, is_superuser=superuser
    )
    return {"id": written(user.pk)}


@operation
def check_password(username, password):
    return {"valid": user_named(username).check_password(password)}


@operation
def authenticate(username, password):
    from django.contrib.auth import authenticate as django_authenticate

    user = django_authenticate(username=username, password=password)
    return {"id": user and written(user.pk)}


@operation
def grant(username, permission, group=None):
    """To the user, or to a group that the user joins."""
    from django.contrib.auth.models import Group, Permission

    label, codename = permission.split(".")
    permission = Permission.objects.get(
        content_type__app_label=label, codename=codename
    )
    user = user_named(username)
    if group is None:
        user.user_permissions.add(permission)
    else:
        group, _ = Group.objects.get_or_create(name=group)
        group.permissions.add(permission)
        user.groups.add(group)
    return {"ok": True}


@operation
def permissions(username):
    return {"permissions": sorted(user_named(username).get_all_permissions())}


def hasher_with(path, costs):
    """`hasher` is the path of a class, `costs` attributes of it that differ."""
    hasher = import_string(path)()
    vars(hasher).update(costs or {})
    return hasher


@operation
def make_hash(password, hasher, costs=None):
    from django.contrib.auth.hashers import make_password

    return {"encoded": make_password(password, hasher=hasher_with(hasher, costs))}


@operation
def check_hash(password, encoded):
    from django.contrib.auth import hashers

    return {"right": hashers.check_password(password, encoded)}


@operation
def must_update(encoded, hasher, costs=None):
    """What Django's verify_password answers about a right password."""
    from django.contrib.auth.hashers import identify_hasher

    stored, preferred = identify_hasher(encoded), hasher_with(hasher, costs)
    changed = stored.algorithm != preferred.algorithm
    return {"must_update": changed or preferred.must_update(encoded)}


@operation
def get_user(key):
    """
    Who a request with this session is. Django flushes a session whose hash is
    wrong, and moves one that only an old SECRET_KEY verifies to a new key: the
    `key` answered is the one that holds afterwards, or null.
    """
    from django.contrib.auth import get_user as django_get_user

    request = request_with(key)
    user = django_get_user(request)
    if request.session.modified and request.session.session_key:
        request.session.save()
    return {"id": written(user.pk), "key": request.session.session_key}


@operation
def login(username, key=None):
    """What a login view does once the password is found right."""
    from django.contrib.auth import login as django_login

    request = request_with(key)
    backend = "django.contrib.auth.backends.ModelBackend"
    django_login(request, user_named(username), backend=backend)
    request.session.save()
    return {"key": request.session.session_key}


@operation
def logout(key):
    from django.contrib.auth import get_user as django_get_user
    from django.contrib.auth import logout as django_logout

    request = request_with(key)
    request.user = django_get_user(request)
    django_logout(request)
    return {"ok": True}


def answer(line):
    try:
        arguments = json.loads(line)
        name = arguments.pop("op")
        if name not in OPERATIONS:
            known = ", ".join(OPERATIONS)
            raise LookupError(f"no operation {name!r}; there are: {known}")
        return json.dumps(OPERATIONS[name](**arguments))
    except Exception as error:
        return json.dumps({"error": f"{type(error).__name__}: {error}"})


def main():
    # Whatever Django prints must not mix with the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
    django.setup()
    # They need the settings.
    import many  # noqa: F401
    import site_server  # noqa: F401

    for line in sys.stdin.buffer:
        if line.strip():
            print(answer(line), file=answers, flush=True)


if __name__ == "__main__":
    main()
