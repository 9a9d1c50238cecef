"""The platforms the sandbox stands in for. A further one is one more file, and one more line here."""

from sandbox.contract import Platform
from sandbox.devto import Devto

PLATFORMS: dict[str, type[Platform]] = {
    "devto": Devto,
}
"""By the first part of their address."""
