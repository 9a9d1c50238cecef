"""Secrets are unreadable without the keys: in the database, in dumps, and after the keys were changed."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.core.serializers.base import DeserializationError
from django.db import connection
from django.db.models import Q

from accounts import mailing
from accounts.models import Mail, User, Workspace
from posts import connecting
from posts.models import Channel

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
SECRET = "a-key-that-nobody-may-read"
LINK = "https://blog.example.org/reset/one-time"


def new_key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def channel(ada: User) -> Channel:
    workspace = Workspace.objects.of(ada)
    assert workspace is not None
    return connecting.connect(workspace, "devto", "My DEV", {"api_key": SECRET, "näme": "ü"}, {})


@pytest.fixture
def mail(ada: User) -> Mail:
    mail = mailing.enqueue(event="reset:1", to=ada.email, subject="Reset", text=LINK)
    assert mail is not None
    return mail


def raw(table: str, column: str, pk: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} WHERE id = %s", [pk])
        return str(cursor.fetchone()[0])


def test_what_is_stored_is_a_token_and_comes_back_as_it_was(channel: Channel, mail: Mail) -> None:
    assert raw("posts_channel", "credentials", channel.pk).startswith("gAAAAA")
    assert raw("accounts_mail", "text", mail.pk).startswith("gAAAAA")
    assert Channel.objects.get(pk=channel.pk).credentials == {"api_key": SECRET, "näme": "ü"}
    assert Channel.objects.values_list("credentials", flat=True).get(pk=channel.pk)["api_key"] == SECRET
    assert Mail.objects.get(pk=mail.pk).text == LINK


def test_the_same_secret_never_looks_the_same(channel: Channel) -> None:
    before = raw("posts_channel", "credentials", channel.pk)
    Channel.objects.get(pk=channel.pk).save()
    assert raw("posts_channel", "credentials", channel.pk) != before


def test_nobody_can_search_for_a_secret(channel: Channel) -> None:
    with pytest.raises(FieldError, match="encrypted"):
        Channel.objects.filter(Q(("credentials", {"api_key": SECRET}))).exists()
    with pytest.raises(FieldError, match="encrypted"):
        Mail.objects.filter(Q(("text__contains", "one-time"))).exists()
    assert Channel.objects.filter(credentials__isnull=False).count() == 1


def test_without_the_key_the_field_that_cannot_be_read_is_named_and_the_secret_is_not(
    channel: Channel, settings: Any
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [new_key()]
    with pytest.raises(ImproperlyConfigured, match=r"Channel\.credentials cannot be decrypted") as problem:
        Channel.objects.get(pk=channel.pk)
    assert SECRET not in str(problem.value)


# --- new keys --------------------------------------------------------------------------------------------------------


def test_after_the_keys_were_rotated_the_old_one_is_not_needed_any_more(
    channel: Channel, mail: Mail, settings: Any
) -> None:
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], new_key()
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert Channel.objects.get(pk=channel.pk).credentials["api_key"] == SECRET
    said = StringIO()
    call_command("rotate_keys", stdout=said)
    assert "posts.Channel: 1 rows" in said.getvalue()
    assert f"accounts.Mail: {Mail.objects.count()} rows" in said.getvalue()

    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert Channel.objects.get(pk=channel.pk).credentials["api_key"] == SECRET
    assert Mail.objects.get(pk=mail.pk).text == LINK
    settings.FIELD_ENCRYPTION_KEYS = [old]
    with pytest.raises(ImproperlyConfigured):
        Channel.objects.get(pk=channel.pk)


def test_rotating_changes_nothing_but_the_secrets(channel: Channel, mail: Mail, settings: Any) -> None:
    others = [field.name for field in Channel._meta.local_fields if field.name != "credentials"]
    before = Channel.objects.values(*others).get(pk=channel.pk)
    settings.FIELD_ENCRYPTION_KEYS = [new_key(), *settings.FIELD_ENCRYPTION_KEYS]
    call_command("rotate_keys", stdout=StringIO())
    assert Channel.objects.values(*others).get(pk=channel.pk) == before


def test_rotating_stops_with_the_row_that_no_key_opens(channel: Channel, settings: Any) -> None:
    Mail.objects.all().delete()
    settings.FIELD_ENCRYPTION_KEYS = [new_key()]
    with pytest.raises(CommandError, match=rf"Row {channel.pk}: .*FIELD_ENCRYPTION_KEYS"):
        call_command("rotate_keys", stdout=StringIO())


# --- dumps -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def dump(channel: Channel, mail: Mail, tmp_path: Path) -> Path:
    path = tmp_path / "dump.json"
    call_command("dumpdata", "accounts", "posts", output=str(path))
    return path


def test_a_dump_shows_no_secret_and_brings_it_back(channel: Channel, mail: Mail, dump: Path) -> None:
    text = dump.read_text(encoding="utf-8")
    assert SECRET not in text
    assert "one-time" not in text
    assert json.loads(text)
    Channel.objects.all().delete()
    Mail.objects.all().delete()
    call_command("loaddata", str(dump), verbosity=0)
    assert Channel.objects.get(pk=channel.pk).credentials == {"api_key": SECRET, "näme": "ü"}
    assert (Mail.objects.get(pk=mail.pk).text, Mail.objects.get(pk=mail.pk).html) == (LINK, "")
    assert raw("posts_channel", "credentials", channel.pk).startswith("gAAAAA")


def test_a_dump_can_be_read_in_a_house_with_further_keys(channel: Channel, dump: Path, settings: Any) -> None:
    Channel.objects.all().delete()
    settings.FIELD_ENCRYPTION_KEYS = [new_key(), *settings.FIELD_ENCRYPTION_KEYS]
    call_command("loaddata", str(dump), verbosity=0)
    assert Channel.objects.get(pk=channel.pk).credentials["api_key"] == SECRET


def test_a_dump_from_a_house_with_other_keys_is_refused_instead_of_kept_unreadable(
    channel: Channel, dump: Path, settings: Any
) -> None:
    Channel.objects.all().delete()
    settings.FIELD_ENCRYPTION_KEYS = [new_key()]
    with pytest.raises(DeserializationError, match="FIELD_ENCRYPTION_KEYS"):
        call_command("loaddata", str(dump), verbosity=0)
    assert not Channel.objects.exists()


def test_a_dump_that_was_edited_by_hand_may_hold_plain_text(mail: Mail, dump: Path) -> None:
    rows = json.loads(dump.read_text(encoding="utf-8"))
    for row in rows:
        if row["model"] == "accounts.mail" and row["pk"] == mail.pk:
            row["fields"]["text"] = "Plain."
    dump.write_text(json.dumps(rows), encoding="utf-8")
    call_command("loaddata", str(dump), verbosity=0)
    assert Mail.objects.get(pk=mail.pk).text == "Plain."
    assert raw("accounts_mail", "text", mail.pk).startswith("gAAAAA")
