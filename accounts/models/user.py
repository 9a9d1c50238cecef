"""A person, known by an e-mail address."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils import timezone
from timezone_field import TimeZoneField


def default_zone() -> str:
    return settings.TIME_ZONE


class FirstWeekday(models.IntegerChoices):
    """As ``date.weekday()`` counts them."""

    MONDAY = 0, "Monday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField("name", max_length=150, blank=True, help_text="Shown as the author of your posts.")
    time_zone = TimeZoneField(
        "time zone", default=default_zone, use_pytz=False, choices_display="STANDARD",
        help_text="Times are shown, and understood, in this zone.",
    )  # fmt: skip
    first_steps_hidden = models.BooleanField(default=False, db_default=False, editable=False)
    is_owner = models.BooleanField(default=False, editable=False, help_text="The first account of this installation.")
    is_staff = models.BooleanField("may use the admin", default=False)
    is_active = models.BooleanField("active", default=True)
    first_weekday = models.PositiveSmallIntegerField(
        "week begins on", choices=FirstWeekday.choices, default=FirstWeekday.MONDAY, db_default=FirstWeekday.MONDAY
    )
    single_keys = models.BooleanField(
        "single keys in the calendar", default=True, db_default=True,
        help_text="T for today, M, W and A for month, week and agenda.",
    )  # fmt: skip
    date_joined = models.DateTimeField("joined", default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_owner"], condition=models.Q(is_owner=True), name="one_owner_per_installation"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)
