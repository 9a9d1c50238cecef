"""The addresses of people's own pages; log-in, sign-up and passwords are allauth's, under /accounts/."""

from __future__ import annotations

from django.urls import path

from accounts import views

urlpatterns = [
    path("setup/", views.setup, name="setup"),
    path("setup/<str:token>/", views.owner_setup, name="owner_setup"),
    path("settings/", views.preferences, name="settings"),
    path("settings/workspace/", views.workspace_preferences, name="settings_workspace"),
    path("settings/calendar/", views.calendar_preferences, name="settings_calendar"),
    path("settings/feed/", views.feed_preferences, name="settings_feed"),
    path("theme/", views.theme, name="theme"),
    path("mail/", views.mail, name="mail"),
]
