"""The doors: plain Python that knows one platform each and nothing of the rest of the house."""

from publishers.base import Publisher
from publishers.joining import join
from publishers.platforms.assisted import (
    Elsewhere,
    HackerNews,
    HashnodeByHand,
    LinkedInArticle,
    MediumByHand,
    Substack,
    WordPressCom,
)
from publishers.platforms.blogger import Blogger
from publishers.platforms.bluesky import Bluesky
from publishers.platforms.buttondown import Buttondown
from publishers.platforms.devto import DevTo
from publishers.platforms.folder import Folder
from publishers.platforms.ghost import Ghost
from publishers.platforms.git import Git
from publishers.platforms.github import GitHub
from publishers.platforms.hashnode import Hashnode
from publishers.platforms.mastodon import Mastodon
from publishers.platforms.medium import Medium
from publishers.platforms.micropub import Micropub
from publishers.platforms.tumblr import Tumblr
from publishers.platforms.wordpress import WordPress
from publishers.platforms.writefreely import WriteFreely

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
