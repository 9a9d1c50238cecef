"""The platforms the sandbox stands in for. A further one is one more file, and one more line here."""

from sandbox.blogger import Blogger
from sandbox.bluesky import Bluesky
from sandbox.buttondown import Buttondown
from sandbox.contract import Platform
from sandbox.devto import Devto
from sandbox.ghost import Ghost
from sandbox.git import Git
from sandbox.github import GitHub
from sandbox.hashnode import Hashnode
from sandbox.mastodon import Mastodon
from sandbox.medium import Medium
from sandbox.micropub import Micropub
from sandbox.tumblr import Tumblr
from sandbox.wordpress import Wordpress
from sandbox.writefreely import Writefreely

PLATFORMS: dict[str, type[Platform]] = {
    "blogger": Blogger,
    "buttondown": Buttondown,
    "bluesky": Bluesky,
    "devto": Devto,
    "ghost": Ghost,
    "git": Git,
    "github": GitHub,
    "hashnode": Hashnode,
    "mastodon": Mastodon,
    "medium": Medium,
    "micropub": Micropub,
    "tumblr": Tumblr,
    "wordpress": Wordpress,
    "writefreely": Writefreely,
}
"""By the first part of their address."""
