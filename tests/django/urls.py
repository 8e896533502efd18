"""Only the admin: it has a login form, and its pages need a session."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
