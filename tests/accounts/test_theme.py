"""The theme is known to the server before the first pixel, and works without scripts."""

from django.conf import settings
from django.test import Client

from accounts.models import User

HOST = "http://testserver"


def test_the_chosen_theme_is_kept_in_a_cookie_and_set_on_the_page(client: Client, ada: User) -> None:
    answer = client.post("/theme/", {"theme": "dark", "next": "/accounts/login/"})

    assert answer.headers["Location"] == "/accounts/login/"
    assert client.cookies["theme"]["samesite"] == "Lax"
    assert '<html lang="en" data-theme="dark">' in client.get("/accounts/login/").text


def test_system_forgets_the_cookie(client: Client, ada: User) -> None:
    client.post("/theme/", {"theme": "dark"})
    client.post("/theme/", {"theme": "system"})

    assert client.cookies["theme"].value == ""
    assert '<html lang="en">' in client.get("/accounts/login/").text


def test_a_forged_cookie_does_not_reach_the_page(client: Client, ada: User) -> None:
    client.cookies["theme"] = "x onload=alert(1)"

    assert "onload" not in client.get("/accounts/login/").text


def test_the_way_back_never_leads_to_another_site(client: Client, ada: User) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        assert client.post("/theme/", {"theme": "light", "next": elsewhere}).headers["Location"] == "/"


def test_it_is_changed_by_a_post_only_and_also_before_there_is_an_owner(client: Client, db: None) -> None:
    assert client.get("/theme/").status_code == 405
    assert client.post("/theme/", {"theme": "light", "next": "/setup/"}).headers["Location"] == "/setup/"


def test_the_style_sheets_stay_small() -> None:
    import gzip

    sheets = sorted((settings.BASE_DIR / "blogscheduler/static/css").glob("*.css"))
    assert [sheet.stem for sheet in sheets] == ["base", "components", "pages"]
    assert sum(len(gzip.compress(sheet.read_bytes())) for sheet in sheets) < 14 * 1024
