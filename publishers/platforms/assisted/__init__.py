"""Places without an API for us: a person brings the article there, well prepared. One class a place, in ``places``."""

from publishers.platforms.assisted.places import (
    Elsewhere,
    HackerNews,
    HashnodeByHand,
    LinkedInArticle,
    MediumByHand,
    Substack,
    WordPressCom,
)

__all__ = [
    "Elsewhere",
    "HackerNews",
    "HashnodeByHand",
    "LinkedInArticle",
    "MediumByHand",
    "Substack",
    "WordPressCom",
]
