"""Ada and Grace, who write: each has a workspace of her own and a verified address."""

import pytest
from allauth.account.models import EmailAddress
from django.db import connection

from accounts.joining import settle_in
from accounts.models import User, Workspace

PASSWORD = "correct horse battery"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres", action="store_true", help="refuse to run on anything but PostgreSQL")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked postgres are skipped on SQLite; with --postgres that is a mistake instead."""
    if connection.vendor == "postgresql":
        return
    if config.getoption("--postgres"):
        raise pytest.UsageError("DATABASE_URL does not name a PostgreSQL database.")
    for item in items:
        if item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: `make test` says how"))


def joined(email: str, name: str, **fields: object) -> User:
    """Somebody who has signed up, confirmed the address and settled in."""
    user = User.objects.create_user(email, PASSWORD, name=name, **fields)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    settle_in(user)
    return user


@pytest.fixture
def ada(db: None) -> User:
    return joined("ada@example.com", "Ada")


@pytest.fixture
def grace(db: None) -> User:
    return joined("grace@example.com", "Grace")


def workspace_of(user: User) -> Workspace:
    """The workspace that somebody works in."""
    workspace = Workspace.objects.of(user)
    assert workspace is not None
    return workspace
