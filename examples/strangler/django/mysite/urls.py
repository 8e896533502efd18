from account import cart, views
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(url="/cart")),
    path("account", views.account),
    path("account/login", LoginView.as_view(template_name="login.html")),
    path("account/logout", LogoutView.as_view()),
    path("admin/", admin.site.urls),
    # Rust answers these now. They stay until nobody wants to go back.
    path("cart", cart.show),
    path("cart/add", cart.add),
    path("cart/remove", cart.remove),
    path("cart/checkout", cart.check_out),
]
