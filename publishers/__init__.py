"""The doors: plain Python that knows one platform each and nothing of the rest of the house."""

from publishers.assisted import (
    Elsewhere,
    HackerNews,
    HashnodeByHand,
    LinkedInArticle,
    MediumByHand,
    Substack,
    WordPressCom,
)
from publishers.base import Publisher
from publishers.blogger import Blogger
from publishers.bluesky import Bluesky
from publishers.buttondown import Buttondown
from publishers.devto import DevTo
from publishers.folder import Folder
from publishers.ghost import Ghost
from publishers.git import Git
from publishers.github import GitHub
from publishers.hashnode import Hashnode
from publishers.joining import join
from publishers.mastodon import Mastodon
from publishers.medium import Medium
from publishers.micropub import Micropub
from publishers.tumblr import Tumblr
from publishers.wordpress import WordPress
from publishers.writefreely import WriteFreely

PUBLISHERS: dict[str, type[Publisher]] = {
    "blogger": Blogger,
    "buttondown": Buttondown,
    "bluesky": Bluesky,
    "devto": DevTo,
    "folder": Folder,
    "ghost": Ghost,
    "git": Git,
    "github": GitHub,
    "hashnode": Hashnode,
    "mastodon": Mastodon,
    "medium": Medium,
    "micropub": Micropub,
    "tumblr": Tumblr,
    "wordpress": WordPress,
    "writefreely": WriteFreely,
    # brought there by hand
    "elsewhere": Elsewhere,
    "hacker-news": HackerNews,
    "hashnode-by-hand": HashnodeByHand,
    "linkedin-article": LinkedInArticle,
    "medium-by-hand": MediumByHand,
    "substack": Substack,
    "wordpress-com": WordPressCom,
}

# What installed packages bring comes after our own, and cannot take their names.
NOT_JOINED = join(PUBLISHERS)

__all__ = ["NOT_JOINED", "PUBLISHERS"]
