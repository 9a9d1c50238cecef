"""The web's way in: ``gunicorn blogscheduler.wsgi``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blogscheduler.settings")
application = get_wsgi_application()
