"""Everything the sandbox remembers: accounts, articles with their past, faults, switches and the log.

One SQLite connection behind one lock: in memory, or in a file when the state shall survive a restart.
"""

import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sandbox.clock import Clock

MARK = re.compile(r"(?:<|\\u003c)!--\s*blogscheduler:([0-9a-fA-F-]{36})\s*--")
"""The comment by which the product knows its own articles, also when JSON has escaped its first character."""

ARTICLE_COLUMNS = """
    id INTEGER, platform TEXT, account TEXT, title TEXT, body TEXT, published INTEGER, published_at REAL,
    created_at REAL, updated_at REAL, canonical_url TEXT, path TEXT, mark TEXT, fields TEXT
"""

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT, key TEXT, username TEXT, created_at REAL, revoked INTEGER,
    settings TEXT, UNIQUE (platform, key));
CREATE TABLE IF NOT EXISTS articles ({ARTICLE_COLUMNS.replace("INTEGER", "INTEGER PRIMARY KEY AUTOINCREMENT", 1)});
CREATE INDEX IF NOT EXISTS articles_account ON articles (platform, account);
CREATE INDEX IF NOT EXISTS articles_path ON articles (platform, path);
CREATE INDEX IF NOT EXISTS articles_canonical ON articles (platform, canonical_url);
CREATE TABLE IF NOT EXISTS versions (seq INTEGER PRIMARY KEY, at REAL, {ARTICLE_COLUMNS});
CREATE INDEX IF NOT EXISTS versions_article ON versions (id, seq);
CREATE TABLE IF NOT EXISTS faults (id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT);
CREATE TABLE IF NOT EXISTS switches (platform TEXT, name TEXT, is_on INTEGER, PRIMARY KEY (platform, name));
CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT, document TEXT);
"""


@dataclass(frozen=True)
class Account:
    """Somebody with a key. `created_at` in seconds since 1970; `settings` belong to the platform."""

    id: int
    platform: str
    key: str
    username: str
    created_at: float
    settings: dict[str, Any]


@dataclass
class Article:
    """One article as a platform keeps it. Moments are seconds since 1970.

    `published` is the author's wish: with a `published_at` in the future the article is only scheduled.
    `path` is its public address below the platform's. What only one platform knows is in `fields`.
    """

    platform: str
    account: str
    id: int = 0
    title: str = ""
    body: str = ""
    published: bool = False
    published_at: float | None = None
    created_at: float = 0.0
    updated_at: float = 0.0
    canonical_url: str | None = None
    path: str = ""
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def mark(self) -> str | None:
        """The product's mark in the body; on a platform that keeps none, what else the article is known by."""
        return find_mark(self.body) or self.fields.get("known_by")

    def is_public(self, now: float) -> bool:
        """Whether anybody can read it at `now`."""
        return self.published and self.published_at is not None and self.published_at <= now


def find_mark(text: str) -> str | None:
    """The mark in a text, in lower case, or None."""
    found = MARK.search(text)
    return found[1].lower() if found else None


class Store:
    """The sandbox's memory. Every method may be called from any thread; hold `lock` to do several as one."""

    def __init__(self, data: Path | None, clock: Clock) -> None:
        """Open the memory in the folder `data` (made when missing), or only in this process when None."""
        self.now = clock
        self.lock = threading.RLock()
        if data:
            data.mkdir(parents=True, exist_ok=True)
        where = str(data / "sandbox.sqlite3") if data else ":memory:"
        # Autocommit: a change is there for the next process as soon as it is made, however this one ends.
        self._db = sqlite3.connect(where, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        with self.lock:
            self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Do several things alone and all or nothing. May be nested."""
        with self.lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    def _change(self, sql: str, *values: Any) -> int:
        """Run a change; answers the new row's id."""
        with self.lock:
            return self._db.execute(sql, values).lastrowid or 0

    # Accounts

    def add_account(
        self, platform: str, key: str, username: str, age_days: float, settings: dict[str, Any] | None = None
    ) -> None:
        """Add an account that is `age_days` old. Raises ValueError when the key is taken."""
        created_at = self.now() - age_days * 86_400
        try:
            self._change(
                "INSERT INTO accounts (platform, key, username, created_at, revoked, settings)"
                " VALUES (?, ?, ?, ?, 0, ?)",
                platform, key, username, created_at, json.dumps(settings or {}),
            )  # fmt: skip
        except sqlite3.IntegrityError:
            raise ValueError(f"The key {key!r} is already taken on {platform}.") from None

    def account(self, platform: str, key: str) -> Account | None:
        """The account with this key, or None when there is none or the key was revoked."""
        rows = self._rows("SELECT * FROM accounts WHERE platform=? AND key=? AND NOT revoked", platform, key)
        return _account(rows[0]) if rows else None

    def account_by_start(self, platform: str, start: str) -> Account | None:
        """The account whose key begins like this; None when there is none or the key was revoked."""
        sql = "SELECT * FROM accounts WHERE platform=? AND substr(key, 1, ?)=? AND NOT revoked"
        rows = self._rows(sql, platform, len(start), start)
        return _account(rows[0]) if rows else None

    def account_named(self, platform: str, username: str) -> Account | None:
        """The first account with this name, revoked or not."""
        rows = self._rows("SELECT * FROM accounts WHERE platform=? AND username=? ORDER BY id", platform, username)
        return _account(rows[0]) if rows else None

    def has_key(self, platform: str, key: str) -> bool:
        """Whether an account was ever made with this key, revoked or not."""
        return bool(self._rows("SELECT 1 FROM accounts WHERE platform=? AND key=?", platform, key))

    def revoke(self, platform: str, key: str) -> bool:
        """Make a key worthless; False when nobody has it."""
        with self.lock:
            cursor = self._db.execute("UPDATE accounts SET revoked=1 WHERE platform=? AND key=?", (platform, key))
            return cursor.rowcount > 0

    # Articles

    def save(self, article: Article) -> Article:
        """Keep an article as it is now, and its past; a new one (id 0) gets its id. Ids are never used twice."""
        with self.together():
            row = _row(article)
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            new_id = self._change(f"INSERT OR REPLACE INTO articles ({names}) VALUES ({marks})", *row.values())
            article.id = row["id"] = article.id or new_id
            self._change(f"INSERT INTO versions (at, {names}) VALUES (?, {marks})", self.now(), *row.values())
        return article

    def article(self, platform: str, article_id: int, as_of: float | None = None) -> Article | None:
        """One article by its id, as it is or as it was."""
        source, values = _source(as_of)
        rows = self._rows(f"SELECT * FROM {source} WHERE platform=? AND id=?", *values, platform, article_id)
        return _article(rows[0]) if rows else None

    def article_at(self, platform: str, path: str, as_of: float | None = None) -> Article | None:
        """The article with this public address, as it is or as it was."""
        source, values = _source(as_of)
        rows = self._rows(f"SELECT * FROM {source} WHERE platform=? AND path=?", *values, platform, path)
        return _article(rows[0]) if rows else None

    def published_with_canonical(self, platform: str, canonical_url: str, besides: int) -> bool:
        """Whether an article other than `besides` is published or scheduled with this canonical address."""
        return bool(
            self._rows(
                "SELECT 1 FROM articles WHERE platform=? AND canonical_url=? AND published AND id<>?",
                platform, canonical_url, besides,
            )
        )  # fmt: skip

    def titles_since(self, platform: str, account: str, since: float) -> set[str]:
        """The titles of an account's articles that were created at or after `since`."""
        rows = self._rows(
            "SELECT title FROM articles WHERE platform=? AND account=? AND created_at>=?", platform, account, since
        )
        return {row["title"] for row in rows}

    def published_since(self, platform: str, account: str, since: float) -> int:
        """How many of an account's published articles were created after `since`."""
        sql = "SELECT count(*) AS n FROM articles WHERE platform=? AND account=? AND published AND created_at>?"
        return int(self._rows(sql, platform, account, since)[0]["n"])

    def articles(
        self,
        platform: str | None = None,
        account: str | None = None,
        published: bool | None = None,
        live_at: float | None = None,
        as_of: float | None = None,
        limit: int = -1,
        offset: int = 0,
    ) -> list[Article]:
        """Articles, newest publication first and those without a date before them all; `limit` -1 means all.

        `live_at` keeps only what anybody could read at that moment; `as_of` looks at the past.
        """
        source, values = _source(as_of)
        wanted: dict[str, Any] = {"platform=?": platform, "account=?": account, "published=?": published,
                                  "published AND published_at<=?": live_at}  # fmt: skip
        asked = {test: value for test, value in wanted.items() if value is not None}
        where = " AND ".join(asked) or "1"
        rows = self._rows(
            f"SELECT * FROM {source} WHERE {where}"
            " ORDER BY published_at IS NOT NULL, published_at DESC, created_at DESC, id DESC LIMIT ? OFFSET ?",
            *values, *asked.values(), limit, offset,
        )  # fmt: skip
        return [_article(row) for row in rows]

    def counts(self, platform: str | None, now: float) -> dict[str, dict[str, int]]:
        """For every mark: how many articles are public, and how many are not (drafts and scheduled ones)."""
        rows = self._rows(
            "SELECT coalesce(mark, '') AS mark, count(*) AS n, total(published AND published_at<=?) AS public"
            " FROM articles WHERE ? IS NULL OR platform=? GROUP BY 1 ORDER BY 1",
            now, platform, platform,
        )  # fmt: skip
        return {row["mark"]: {"public": int(row["public"]), "drafts": row["n"] - int(row["public"])} for row in rows}

    # Faults and switches

    def add_fault(self, document: dict[str, Any]) -> int:
        """Keep a fault; answers its id."""
        return self._change("INSERT INTO faults (document) VALUES (?)", json.dumps(document))

    def faults(self) -> list[tuple[int, dict[str, Any]]]:
        """All faults with their ids, oldest first."""
        rows = self._rows("SELECT id, document FROM faults ORDER BY id")
        return [(row["id"], json.loads(row["document"])) for row in rows]

    def save_fault(self, fault_id: int, document: dict[str, Any]) -> None:
        """Keep what became of a fault."""
        self._change("UPDATE faults SET document=? WHERE id=?", json.dumps(document), fault_id)

    def drop_faults(self, fault_id: int | None = None) -> int:
        """Forget one fault, or all of them; answers how many there were."""
        with self.lock:
            return self._db.execute("DELETE FROM faults WHERE ? IS NULL OR id=?", (fault_id, fault_id)).rowcount

    def switch(self, platform: str, name: str, is_on: bool) -> None:
        """Remember how a switch of a platform stands."""
        self._change("INSERT OR REPLACE INTO switches VALUES (?, ?, ?)", platform, name, is_on)

    def is_on(self, platform: str, name: str, default: bool, account: Account | None = None) -> bool:
        """How a switch stands: the account's own setting, else the platform's; `default` when nobody has touched it."""
        own = account.settings.get(name) if account else None
        if own is not None:
            return bool(own)
        rows = self._rows("SELECT is_on FROM switches WHERE platform=? AND name=?", platform, name)
        return bool(rows[0]["is_on"]) if rows else default

    # The log

    def write_log(self, platform: str, entry: dict[str, Any]) -> None:
        """Note a request; it gets the next sequence number, which is never used twice."""
        self._change("INSERT INTO log (platform, document) VALUES (?, ?)", platform, json.dumps(entry))

    def log(self, platform: str | None = None, since: int = 0, last: int | None = None) -> list[dict[str, Any]]:
        """The log after sequence number `since`, oldest first; with `last` only that many newest entries."""
        rows = self._rows(
            "SELECT * FROM (SELECT * FROM log WHERE seq>? AND (? IS NULL OR platform=?) ORDER BY seq DESC LIMIT ?)"
            " ORDER BY seq",
            since, platform, platform, -1 if last is None else last,
        )  # fmt: skip
        return [{"seq": row["seq"], **json.loads(row["document"])} for row in rows]

    def reset(self) -> None:
        """Forget accounts, articles, faults and the log; switches stay as they are."""
        with self.together():
            for table in ("accounts", "articles", "versions", "faults", "log"):
                self._db.execute(f"DELETE FROM {table}")


def _source(as_of: float | None) -> tuple[str, tuple[float, ...]]:
    """Where to select articles from: the present, or each article's last version at or before `as_of`."""
    if as_of is None:
        return "articles", ()
    return "(SELECT * FROM versions WHERE seq IN (SELECT max(seq) FROM versions WHERE at<=? GROUP BY id))", (as_of,)


def _row(article: Article) -> dict[str, Any]:
    row = {column.name: getattr(article, column.name) for column in fields(Article)}
    return row | {"id": article.id or None, "mark": article.mark, "fields": json.dumps(article.fields)}


def _article(row: sqlite3.Row) -> Article:
    values = {column.name: row[column.name] for column in fields(Article)}
    return Article(**values | {"published": bool(row["published"]), "fields": json.loads(row["fields"])})


def _account(row: sqlite3.Row) -> Account:
    return Account(
        row["id"], row["platform"], row["key"], row["username"], row["created_at"], json.loads(row["settings"])
    )
