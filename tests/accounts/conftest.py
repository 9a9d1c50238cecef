import pytest
from django.conf import settings


@pytest.fixture(autouse=True, scope="session")
def static_folder() -> None:
    """Where collectstatic would have written: the server of static files warns when it is missing."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
