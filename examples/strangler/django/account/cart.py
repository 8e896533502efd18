"""The cart as it was before it moved to Rust (src/cart.rs)."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

PRODUCTS = ["Assam", "Oolong", "Sencha"]


def show(request, checking_out=False):
    context = {"products": PRODUCTS, "checking_out": checking_out}
    return render(request, "cart.html", context)


@require_POST
def add(request):
    product = request.POST.get("product")
    if product in PRODUCTS:
        cart = request.session.get("cart", {})
        cart[product] = cart.get(product, 0) + 1
        request.session["cart"] = cart
    return redirect("/cart")


@require_POST
def remove(request):
    cart = request.session.get("cart", {})
    if cart.pop(request.POST.get("product"), None):
        request.session["cart"] = cart
    return redirect("/cart")


@login_required
def check_out(request):
    return show(request, checking_out=True)
