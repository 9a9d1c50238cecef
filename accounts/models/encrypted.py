"""Fields whose values are unreadable without the keys of ``FIELD_ENCRYPTION_KEYS``: in the database and in dumps."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured, ValidationError
from django.db import models

BEGINNING = "gAAAAA"  # of every Fernet token, until 2106


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def box() -> MultiFernet:
    """The first key encrypts; every key decrypts."""
    return _box(tuple(settings.FIELD_ENCRYPTION_KEYS))


class EncryptedTextField(models.TextField[Any, Any]):
    """Text that is encrypted at rest. It cannot be searched for, only asked whether it is null."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else box().encrypt(self.to_text(value).encode()).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        if value is None:
            return None
        try:
            return self.from_text(box().decrypt(value.encode()).decode())
        except InvalidToken as error:
            raise ImproperlyConfigured(
                f"{self.model.__name__}.{self.name} cannot be decrypted with any of FIELD_ENCRYPTION_KEYS. "
                "Put the key that it was written with back into the list."
            ) from error

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: it cannot be looked up by its value.")
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> str:
        """What dumpdata writes: still encrypted."""
        prepared = self.get_prep_value(self.value_from_object(obj))
        return "" if prepared is None else str(prepared)

    def to_python(self, value: Any) -> Any:
        """What loaddata reads: a dump holds the encrypted form."""
        if isinstance(value, str) and value:
            try:
                return self.from_text(box().decrypt(value.encode()).decode())
            except InvalidToken:
                if value.startswith(BEGINNING):  # to keep it would be to encrypt what nobody can read any more
                    raise ValidationError("It was written with a key that is not in FIELD_ENCRYPTION_KEYS.") from None
                return value
        return value

    def to_text(self, value: Any) -> str:
        return str(value)

    def from_text(self, text: str) -> Any:
        return text


class EncryptedJSONField(EncryptedTextField):
    """A JSON value that is encrypted at rest."""

    # For the type checker: what may be set and is got is any JSON value, not text.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def to_text(self, value: Any) -> str:
        return json.dumps(value)

    def from_text(self, text: str) -> Any:
        return json.loads(text)
