"""The fuse box: settings, Celery, URLs. It wires the house and knows no domain word."""

from blogscheduler.celery import app as celery_app

__all__ = ["celery_app"]
