"""Somebody with a browser: logged in, reads pages and presses buttons, and looks at the clock."""

from __future__ import annotations

import time
from datetime import timedelta

import requests
from django.utils import timezone

from accounts.models import User
from bench.material import PASSWORD
from posts.models import Channel, Delivery, Post
from posts.planning.moments import WALL


class Visitor:
    def __init__(self, url: str, user: User) -> None:
        self.url = url
        self.browser = requests.Session()
        self.browser.trust_env = False
        self._get("/accounts/login/")
        form = {"login": user.email, "password": PASSWORD}
        answer = self._post("/accounts/login/", form)
        assert answer.status_code == 302, "the log-in was refused"

    def _get(self, path: str) -> requests.Response:
        answer = self.browser.get(self.url + path, timeout=60)
        answer.raise_for_status()
        return answer

    def _post(self, path: str, form: dict[str, str]) -> requests.Response:
        headers = {"Origin": self.url, "X-CSRFToken": self.browser.cookies.get("csrftoken", "")}
        answer = self.browser.post(self.url + path, data=form, headers=headers, allow_redirects=False, timeout=60)
        answer.raise_for_status()
        return answer

    def read(self, path: str) -> float:
        """Milliseconds until a page is there."""
        start = time.perf_counter()
        self._get(path)
        return (time.perf_counter() - start) * 1000

    def schedule(self, post: Post, channel: Channel) -> float:
        """Milliseconds until the post is scheduled for the day after tomorrow."""
        at = (timezone.now() + timedelta(days=2)).strftime(WALL)
        return self._press(f"/posts/{post.pk}/review/", {"channels": str(channel.pk), "when": "at", "at": at})

    def publish_now(self, delivery: Delivery) -> float:
        """Milliseconds until the button's answer is there."""
        return self._press(f"/deliveries/{delivery.pk}/publish-now/", {})

    def _press(self, path: str, form: dict[str, str]) -> float:
        start = time.perf_counter()
        answer = self._post(path, form)
        took = (time.perf_counter() - start) * 1000
        assert answer.status_code == 302, f"{path} was refused"
        return took
