"""Who: people, the workspaces that own everything, and the mails that people get."""

from accounts.models.encrypted import EncryptedJSONField, EncryptedTextField
from accounts.models.feed import Feed
from accounts.models.mail import Mail
from accounts.models.user import FirstWeekday, User
from accounts.models.workspace import Membership, WhenLate, Workspace

__all__ = [
    "EncryptedJSONField",
    "EncryptedTextField",
    "Feed",
    "FirstWeekday",
    "Mail",
    "Membership",
    "User",
    "WhenLate",
    "Workspace",
]
