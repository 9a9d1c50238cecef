"""The keys by which an ssh server is known: shown to a person once, and held to from then on."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from itertools import pairwise

NONE_OF_THEM = "none"
_KINDS = {
    "ssh-ed25519": "ED25519",
    "ecdsa-sha2-nistp256": "ECDSA",
    "ecdsa-sha2-nistp384": "ECDSA 384",
    "ecdsa-sha2-nistp521": "ECDSA 521",
    "ssh-rsa": "RSA",
}


def plain_key(text: str) -> str:
    """ "ssh-ed25519 AAAA…" of a line as it stands in known_hosts, with or without host and comment.

    Raises ValueError with a sentence.
    """
    words = text.split()
    for kind, key in pairwise(words):
        if kind in _KINDS and re.fullmatch(r"[A-Za-z0-9+/]{60,}={0,2}", key):
            return f"{kind} {key}"
    raise ValueError("This is not a server's key: it looks like “ssh-ed25519 AAAAC3…”.")


def choices_of(scanned: str) -> tuple[tuple[str, str], ...]:
    """What a person may choose from: each key with its fingerprint, the best kind first, and none of them."""
    keys = set()
    for line in scanned.splitlines():
        try:
            keys.add(plain_key(line))
        except ValueError:
            continue
    best_first = sorted(keys, key=lambda key: list(_KINDS).index(key.split()[0]))
    return (*((key, described(key)) for key in best_first), (NONE_OF_THEM, "None of these: do not connect"))


def described(key: str) -> str:
    """Kind and fingerprint, as ssh and the forges' pages print them."""
    kind, _, data = key.partition(" ")
    try:
        digest = hashlib.sha256(base64.b64decode(data)).digest()
    except binascii.Error:
        return kind
    return f"{_KINDS.get(kind, kind)} SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
