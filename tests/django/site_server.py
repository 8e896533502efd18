"""Operations that make the site one that browsers visit, and what its administrator does meanwhile."""

import logging
import threading

from common import operation, user_named


@operation
def serve():
    """Answers HTTP from now on, with a thread for each connection; `address` says where."""
    from django.core.servers.basehttp import (
        ThreadedWSGIServer,
        WSGIRequestHandler,
        get_internal_wsgi_application,
    )

    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.daemon_threads = True
    server.set_app(get_internal_wsgi_application())
    logging.getLogger("django.server").setLevel(logging.ERROR)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"address": "127.0.0.1:%d" % server.server_port}


@operation
def set_settings(values):
    """As if the site had been started anew with other settings."""
    from django.conf import settings

    for name, value in values.items():
        setattr(settings, name, value)
    return {"ok": True}


@operation
def set_password(username, password):
    user = user_named(username)
    user.set_password(password)
    user.save()
    return {"ok": True}


@operation
def set_active(username, active):
    user = user_named(username)
    user.is_active = active
    user.save()
    return {"ok": True}


@operation
def password_reset_link(username):
    """The path that the site's message to the user would name."""
    from django.contrib.auth.tokens import default_token_generator
    from django.urls import reverse
    from django.utils.encoding import force_bytes
    from django.utils.http import urlsafe_base64_encode

    user = user_named(username)
    words = {
        "uidb64": urlsafe_base64_encode(force_bytes(user.pk)),
        "token": default_token_generator.make_token(user),
    }
    return {"path": reverse("password_reset_confirm", kwargs=words)}
