"""The account: stays with Django, and shows the cart that Rust keeps."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render


@login_required
def account(request):
    if request.method == "POST":
        request.session["note"] = request.POST.get("note", "")[:200]
        return redirect("/account")
    return render(request, "account.html")
