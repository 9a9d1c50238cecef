"""Write every secret anew with the first key."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from accounts.models import EncryptedTextField


class Command(BaseCommand):
    help = (
        "Encrypt every secret anew with the first of FIELD_ENCRYPTION_KEYS. Put the new key in front, restart, "
        "run this, then take the old key out."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for model in apps.get_models():
            fields = [field.name for field in model._meta.local_fields if isinstance(field, EncryptedTextField)]
            if fields:
                self.stdout.write(f"{model._meta.label}: {rotate(model, fields)} rows")


def rotate(model: type[models.Model], fields: list[str]) -> int:
    """Rewrite the given fields of every row, each row locked while it is read and written; the number of rows."""
    rows = 0
    for pk in list(model._default_manager.values_list("pk", flat=True)):
        with transaction.atomic():
            try:
                row = model._default_manager.select_for_update().filter(pk=pk).first()
            except ImproperlyConfigured as error:
                raise CommandError(f"Row {pk}: {error} Then run this again; what was done stays done.") from error
            if row is not None:
                row.save(update_fields=fields)
                rows += 1
    return rows
