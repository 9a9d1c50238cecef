"""The forms of a publisher are Django's, which wants to be set up; nothing else of an installation is needed."""

from importlib import import_module

import django
import pytest
from django.conf import settings

settings.configure()
django.setup()
pytest.register_assert_rewrite("publishers.testing")
import_module("publishers")  # before the package itself, as in the house: it is what looks for packages
