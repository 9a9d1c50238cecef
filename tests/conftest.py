"""Ada and Grace, who write: each has a workspace of her own and a verified address."""

import pytest
from allauth.account.models import EmailAddress

from accounts.joining import settle_in
from accounts.models import User

PASSWORD = "correct horse battery"


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
