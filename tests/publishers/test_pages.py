"""Is the article on its page? What readers get is judged here: statuses, titles, canonical links, and broken HTML."""

from __future__ import annotations

import socket
import time
from html import escape

import pytest

from publishers.answers import Answer
from publishers.http import Http, Page
from publishers.pages import LONGEST_PIECE, Outcome, Verdict, Wanted, contents, has_title, judge, look
from tests.publishers.raw_server import RawServer, raw_server

URL = "https://dev.example/ada/notes-on-engines-4f2c"
ORIGINAL = "https://ada.example/notes-on-engines/"
TITLE = "Notes on engines"
WANTED = Wanted(URL, TITLE, "")


def html(title: str = TITLE, canonical: str | None = URL, *, heading: str = "", more: str = "") -> str:
    link = "" if canonical is None else f'<link href="{escape(canonical)}" rel="canonical">'
    return f"<!doctype html><html><head><title>{title}</title>{link}{more}</head><body><h1>{heading}</h1></body></html>"


def seen(
    text: str = "",
    *,
    status: int = 200,
    at: str = URL,
    kind: str = "text/html; charset=utf-8",
    wanted: Wanted = WANTED,
    **headers: str,
) -> Verdict:
    """The verdict on an answer."""
    names = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return judge(wanted, Page(at, Answer(status, names, text)))


class TestTheStatus:
    def test_the_page_is_there(self) -> None:
        verdict = seen(html())
        assert (verdict.outcome, verdict.status, verdict.passing) == (Outcome.THERE, 200, False)
        assert verdict.message == "The page is there, with its title."

    @pytest.mark.parametrize("status", [404, 410])
    def test_a_page_that_is_not_there_is_missing_but_may_only_be_late(self, status: int) -> None:
        verdict = seen("<h1>Notes on engines</h1>", status=status)
        assert (verdict.outcome, verdict.passing) == (Outcome.MISSING, True)
        assert str(status) in verdict.message

    @pytest.mark.parametrize("status", [401, 403, 405, 451])
    def test_a_page_that_sends_robots_away_says_nothing_about_the_article(self, status: int) -> None:
        verdict = seen(status=status)
        assert (verdict.outcome, verdict.passing) == (Outcome.NOT_REACHED, False)
        assert verdict.message == f"The page could not be looked at ({status}): have a look yourself."

    @pytest.mark.parametrize("status", [300, 408, 429, 500, 503])
    def test_a_page_in_trouble_is_asked_again(self, status: int) -> None:
        verdict = seen(status=status)
        assert (verdict.outcome, verdict.passing) == (Outcome.NOT_REACHED, True)

    def test_a_host_that_wants_to_be_left_alone_says_for_how_long(self) -> None:
        assert seen(status=429, retry_after="120").wait == 120
        assert seen(html(), retry_after="120").wait is None


class TestWhereItLeads:
    @pytest.mark.parametrize("home", ["https://dev.example/", "https://dev.example", "https://other.example/?from=ada"])
    def test_an_address_that_leads_home_is_missing_whatever_is_on_the_home_page(self, home: str) -> None:
        verdict = seen(html(), at=home)
        assert verdict.outcome == Outcome.MISSING
        assert "home page of" in verdict.message

    def test_a_blog_whose_only_page_is_its_home_page_is_no_less_there(self) -> None:
        assert seen(html(), at="https://ada.example/", wanted=Wanted("https://ada.example/", TITLE)).outcome == "there"

    def test_a_log_in_page_instead_of_the_article_is_something_else(self) -> None:
        verdict = seen(html("Sign in"), at="https://dev.example/enter")
        assert verdict.outcome == Outcome.DIFFERENT
        assert "https://dev.example/enter" in verdict.message
        assert "Sign in" in verdict.message

    def test_the_articles_own_new_address_is_well(self) -> None:
        moved = "https://blog.ada.example/notes-on-engines-4f2c"
        assert seen(html(canonical=moved), at=moved).outcome == Outcome.THERE


class TestTheTitle:
    @pytest.mark.parametrize(
        "text",
        [
            html("Notes on engines - DEV Community"),
            html("DEV", more='<meta property="og:title" content="Notes on engines">'),
            html("DEV", more='<meta name="og:title" content="Notes on engines">'),
            html("DEV", heading="<span>Notes</span> on\n engines"),
            html("Ada | NOTES ON ENGINES"),
        ],
    )
    def test_it_may_stand_in_any_of_three_places(self, text: str) -> None:
        assert seen(text).outcome == Outcome.THERE

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ('"Don\'t panic" -- a guide...', "“Don’t panic” — a guide… | DEV"),
            ("C++ & <templates>", "C++ &amp; &lt;templates&gt;"),
            ("`pip` in 5 minutes", "pip in 5 minutes"),
            ("Straße  nach Köln", "STRASSE NACH KO\u0308LN"),
            ("naïve search", "na\u00adïve search"),
            ("解析機関について", "解析機関について｜Zenn"),
            ("🎉🎉", "🎉🎉 - DEV"),
            (
                "A title so long that the platform has cut it somewhere near its end",
                "A title so long that the platform…",
            ),
        ],
    )
    def test_quotes_dashes_blanks_and_case_do_not_matter(self, wanted: str, found: str) -> None:
        assert seen(html(found), wanted=Wanted(URL, wanted)).outcome == Outcome.THERE

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [("Go", "Google"), ("Notes on engines", "Notes…"), ("Engines", "Page not found"), ("🎉", "DEV"), ("Notes", "")],
    )
    def test_another_title_is_another_page(self, wanted: str, found: str) -> None:
        verdict = seen(html(found, heading=""), wanted=Wanted(URL, wanted))
        assert (verdict.outcome, verdict.passing) == (Outcome.DIFFERENT, True)

    def test_what_the_page_says_instead_is_told(self) -> None:
        assert seen(html("Just a moment")).message == (
            "The page answers, but its title is not there: it reads “Just a moment”."
        )
        assert len(seen(html("no " * 1000)).message) < 300

    def test_where_nobody_knows_the_title_only_the_page_counts(self) -> None:
        verdict = seen(html("Whatever"), wanted=Wanted(URL))
        assert (verdict.outcome, verdict.message) == (Outcome.THERE, "The page is there.")

    def test_titles_of_pictures_are_none_of_the_page(self) -> None:
        svg = "<svg><title>Notes on engines</title></svg>"
        assert seen(html("DEV").replace("<h1>", svg + "<h1>")).outcome == Outcome.DIFFERENT

    def test_data_instead_of_a_page_is_told(self) -> None:
        assert "application/json" in seen("{}", kind="application/json").message

    def test_no_title_at_all_is_none(self) -> None:
        assert not has_title("Notes", [])


class TestTheCanonicalLink:
    ASKED = Wanted(URL, TITLE, ORIGINAL)

    @pytest.mark.parametrize(
        "canonical",
        [
            ORIGINAL,
            "http://ada.example/notes-on-engines",
            "https://www.ada.example/notes-on-engines/#top",
            "https://ada.example/notes%2Don-engines/?utm_source=dev",
        ],
    )
    def test_the_one_that_was_asked_for(self, canonical: str) -> None:
        verdict = seen(html(canonical=canonical), wanted=self.ASKED)
        assert verdict.message == "The page is there, with its title and its canonical link."

    @pytest.mark.parametrize("canonical", [URL, "https://ada.example/another/", "http://[bad"])
    def test_another_one_is_told(self, canonical: str) -> None:
        verdict = seen(html(canonical=canonical), wanted=self.ASKED)
        assert verdict.outcome == Outcome.DIFFERENT
        assert canonical in verdict.message
        assert ORIGINAL in verdict.message

    def test_none_is_told(self) -> None:
        verdict = seen(html(canonical=None), wanted=self.ASKED)
        assert (verdict.outcome, "without its canonical link" in verdict.message) == (Outcome.DIFFERENT, True)

    @pytest.mark.parametrize(
        "canonical", [None, URL, "/ada/notes-on-engines-4f2c", "https://ada.dev.example/notes-on-engines-4f2c/"]
    )
    def test_without_a_wish_the_page_names_itself_or_nothing(self, canonical: str | None) -> None:
        assert seen(html(canonical=canonical)).outcome == Outcome.THERE

    @pytest.mark.parametrize("canonical", ["https://thief.example/notes", "https://thief.example/"])
    def test_without_a_wish_another_ones_article_is_told(self, canonical: str) -> None:
        verdict = seen(html(canonical=canonical))
        assert (verdict.outcome, canonical in verdict.message) == (Outcome.DIFFERENT, True)

    def test_where_nobody_knows_which_text_went_out_it_is_not_asked(self) -> None:
        assert seen(html(canonical=ORIGINAL), wanted=Wanted(URL, TITLE, None)).outcome == Outcome.THERE

    def test_only_the_head_counts_and_the_first_of_two(self) -> None:
        twice = html(canonical=ORIGINAL, more=f'<link rel="canonical" href="{URL}">')
        assert contents(twice).canonical == ORIGINAL
        in_the_text = html(canonical=None).replace("<h1>", f'<link rel="canonical" href="{ORIGINAL}"><h1>')
        assert contents(in_the_text).canonical == ""
        assert (
            contents('<LINK REL="alternate CANONICAL" HREF=" https://a.example/ ">').canonical == "https://a.example/"
        )


class TestWhatWasTakenBack:
    GONE = Wanted(URL, TITLE, None, gone=True)

    @pytest.mark.parametrize("status", [404, 410])
    def test_no_page_is_as_it_should_be(self, status: int) -> None:
        verdict = seen(status=status, wanted=self.GONE)
        assert (verdict.outcome, verdict.status) == (Outcome.THERE, status)
        assert "any more" in verdict.message

    def test_so_is_another_page_or_the_home_page(self) -> None:
        assert seen(html("Page not found"), wanted=self.GONE).outcome == Outcome.THERE
        assert seen(html(), at="https://dev.example/", wanted=self.GONE).outcome == Outcome.THERE

    def test_a_page_that_is_still_there_is_not(self) -> None:
        verdict = seen(html(), wanted=self.GONE)
        assert (verdict.outcome, verdict.passing) == (Outcome.DIFFERENT, True)

    @pytest.mark.parametrize("status", [403, 429, 503])
    def test_who_is_sent_away_knows_nothing(self, status: int) -> None:
        assert seen(status=status, wanted=self.GONE).outcome == Outcome.NOT_REACHED


class TestBrokenPages:
    def test_what_is_needed_is_read_and_no_more(self) -> None:
        text = html("First") + "<h1>Second</h1>" * 100_000
        assert len(contents(text, lambda found: bool(found.titles)).titles) < 2000

    def test_a_script_with_tags_in_it_is_no_page(self) -> None:
        text = html("DEV", more="<script>var a = '<h1>Notes on engines</h1>';</script>")
        assert seen(text).outcome == Outcome.DIFFERENT

    @pytest.mark.parametrize("text", ["", "<", "<title>Notes on", "<a b='", "\0" * 100, "<!--", "<![", "&#x110000;"])
    def test_half_a_page_is_no_accident(self, text: str) -> None:
        assert seen(text).outcome == Outcome.DIFFERENT

    @pytest.mark.parametrize(
        "piece", ["<!--", "<a ", "<a", "<a x='", '<a b="c"d="e"', "x ", "</", "<!", "<script>", "&#", "<a\n"]
    )
    @pytest.mark.parametrize("opening", ["", "<a ", "<!--", "<script>"])
    def test_a_page_made_to_break_parsers_costs_seconds_at_the_most(self, opening: str, piece: str) -> None:
        text = opening + piece * (1024 * 1024 // len(piece))
        start = time.process_time()
        contents(text)
        assert time.process_time() - start < 5
        assert len(text) > LONGEST_PIECE


class TestOnTheWire:
    def test_whatever_goes_wrong_on_the_way_says_nothing_about_the_page(self) -> None:
        for url in ("http://127.0.0.1:9/", "nowhere", "http://[bad/"):
            verdict = look(Http(label="The page"), Wanted(url, TITLE))
            assert (verdict.outcome, verdict.passing) == (Outcome.NOT_REACHED, True)
            assert verdict.message.endswith(".")

    def test_a_page_is_fetched_and_judged(self) -> None:
        def talk(connection: socket.socket, server: RawServer) -> None:
            body = html(canonical=None).encode()
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            )

        with raw_server(talk) as server:
            http = Http(private_origins=frozenset({server.url}), label="The page")
            assert look(http, Wanted(f"{server.url}/notes", TITLE, "")).outcome == Outcome.THERE
            [request] = server.requests
        assert b"Accept: text/html" in request
        assert b"Cookie" not in request
