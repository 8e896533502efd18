"""The admin, Django's own pages for accounts, and small pages that use the session as add-ons do."""

from django.contrib import admin, messages
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

FORM = "<form method=post>{% csrf_token %}<button>Send</button></form>"


def account(request):
    who = request.user.get_username() or "stranger"
    return HttpResponse(f"<p>Hello, {who}!</p>")


def form(request):
    if request.method == "POST":
        return HttpResponse("The form was sent.")
    return HttpResponse(engines["django"].from_string(FORM).render({}, request))


def add_message(request):
    messages.success(request, request.GET["text"])
    return HttpResponse("A message waits.")


def show_messages(request):
    shown = [f"{message.level_tag}: {message}" for message in messages.get_messages(request)]
    return HttpResponse("\n".join(shown) or "No message.")


def remember(request):
    """Keeps the query's values in the session."""
    request.session.update(request.GET.dict())
    return HttpResponse("Kept.")


def recall(request, name):
    return HttpResponse(str(request.session.get(name, "nothing")))


urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("django.contrib.auth.urls")),
    path("account/", account),
    path("form/", form),
    path("message/", add_message),
    path("messages/", show_messages),
    path("remember/", remember),
    path("recall/<name>/", recall),
]
