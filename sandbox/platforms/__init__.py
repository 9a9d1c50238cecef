"""The platforms the sandbox stands in for. A further one is one more file, and one more line here."""

from sandbox.contract import Platform
from sandbox.platforms.blogger import Blogger
from sandbox.platforms.bluesky import Bluesky
from sandbox.platforms.buttondown import Buttondown
from sandbox.platforms.devto import Devto
from sandbox.platforms.ghost import Ghost
from sandbox.platforms.git import Git
from sandbox.platforms.github import GitHub
from sandbox.platforms.hashnode import Hashnode
from sandbox.platforms.mastodon import Mastodon
from sandbox.platforms.medium import Medium
from sandbox.platforms.micropub import Micropub
from sandbox.platforms.tumblr import Tumblr
from sandbox.platforms.wordpress import Wordpress
from sandbox.platforms.writefreely import Writefreely

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
