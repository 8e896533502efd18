"""The routes of a contestant, as Django views."""

from django.conf import settings
from django.http import HttpResponse
from django.urls import path

from payload import session_of

# A browser keeps no more of a cookie, its name and attributes among them.
LARGEST_COOKIE = 4000


def plain(request):
    return HttpResponse("ok")


def read(request):
    return HttpResponse(str(request.session["user_id"]))


def write(request):
    visits = request.session["visits"] + 1
    request.session["visits"] = visits
    return HttpResponse(str(visits))


def new(request):
    request.session["user_id"] = 4711
    return HttpResponse("ok")


def fill(request, size):
    session = request.session
    session.update(session_of(size))
    if settings.SESSION_ENGINE.endswith("signed_cookies"):
        # Saving makes the value of the cookie; Django itself sends it however long it is.
        session.save()
        if len(session.session_key) > LARGEST_COOKIE:
            session.flush()
            return HttpResponse("more than a cookie holds", status=501)
    return HttpResponse("ok")


urlpatterns = [
    path("plain", plain),
    path("read", read),
    path("write", write),
    path("new", new),
    path("fill/<str:size>", fill),
]
