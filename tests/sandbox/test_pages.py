"""What people see in the browser."""

import re

import requests

from tests.sandbox.conftest import Author, Street


def page(url: str) -> requests.Response:
    return requests.get(url, timeout=10)


def test_the_front_page_tells_how_to_reach_each_platform(street: Street) -> None:
    answer = page(f"{street.url}/")
    assert answer.status_code == 200
    for told in (f"{street.url}/devto/api", "sandbox-devto-key", "sandbox-devto-new-key", 'href="/devto/"'):
        assert told in answer.text


def test_what_arrived_is_listed_with_its_state(ada: Author, street: Street) -> None:
    ada.draft("Rain <b>")
    url = ada.create("Sun", published=True).json()["url"]
    ada.draft("Snow", published=True, published_at="2027-06-01T08:00:00Z")
    for address in (f"{street.url}/", f"{street.url}/devto/"):
        text = page(address).text
        assert f'<a href="{url.removeprefix(street.url)}">Sun</a>' in text
        assert "Rain &lt;b&gt;" in text
        for state in ("public", "draft", "scheduled"):
            assert f'<span class="{state}">{state}</span>' in text


def test_a_platform_page_shows_faults_and_the_last_calls(ada: Author, street: Street) -> None:
    street.fault("show", "drip", seconds=1, times=None)
    ada.draft()
    text = re.sub(r' data-head="\w+"', "", page(f"{street.url}/devto/").text)
    assert "<td>drip</td><td>show</td><td>after</td><td>always</td>" in text
    assert "<td>create</td><td>POST</td><td>/devto/api/articles</td>" in text


def test_a_platform_address_without_its_slash_leads_there(street: Street) -> None:
    assert page(f"{street.url}/devto").url == f"{street.url}/devto/"


def test_an_article_page_shows_title_text_and_canonical_link(ada: Author) -> None:
    article = ada.create("Sun & rain", body_markdown="It **shone**.", canonical_url="https://x.example/a?b=1&c=2")
    url = ada.update(article.json()["id"], published=True).json()["url"]
    text = page(url).text
    assert "<h1>Sun &amp; rain</h1>" in text
    assert "<strong>shone</strong>" in text
    assert '<link rel="canonical" href="https://x.example/a?b=1&amp;c=2">' in text


def test_an_article_without_a_canonical_address_names_itself(ada: Author) -> None:
    url = ada.create(published=True).json()["url"]
    assert f'<link rel="canonical" href="{url}">' in page(url).text


def test_drafts_and_scheduled_articles_have_no_public_page(ada: Author) -> None:
    assert page(ada.create("Rain").json()["url"]).status_code == 404
    scheduled = ada.create("Snow", published=True, published_at="2027-06-01T08:00:00Z")
    assert page(scheduled.json()["url"]).status_code == 404


def test_what_was_hidden_again_is_gone(ada: Author) -> None:
    article = ada.create(published=True).json()
    ada.update(article["id"], published=False)
    assert page(article["url"]).status_code == 404


def test_nothing_in_an_article_can_run(ada: Author) -> None:
    body = (
        '<script>alert(1)</script><img src=x onerror="alert(1)">[x](javascript:alert(1))'
        "<style>a{}</style><iframe></iframe>"
    )
    answer = page(ada.create("<script>", body_markdown=body, published=True).json()["url"])
    for bad in ("<script", "onerror", 'href="javascript', "<style", "<iframe"):
        assert bad not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src http: https: data:;")


def test_every_page_has_a_strict_policy(street: Street) -> None:
    for path in ("/", "/devto/", "/nowhere"):
        headers = page(street.url + path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; base-uri 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_there_is_one_style_sheet_and_no_inline_style(ada: Author, street: Street) -> None:
    ada.draft()
    text = page(f"{street.url}/devto/").text
    assert "style=" not in text
    assert "<style" not in text
    answer = page(f"{street.url}/_sandbox/style.css")
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "prefers-color-scheme: dark" in answer.text
