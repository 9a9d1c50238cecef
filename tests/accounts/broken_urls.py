"""The house with one page that breaks, to see what people get then."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.urls import path

from blogscheduler.urls import urlpatterns as house_urls

handler500 = "accounts.views.server_error"


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("You do not belong to a workspace yet.")


def malformed(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation


urlpatterns = [path("broken/", broken), path("forbidden/", forbidden), path("malformed/", malformed), *house_urls]
