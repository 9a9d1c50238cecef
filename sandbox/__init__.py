"""The street: stand-ins for blogging platforms over real HTTP, strict about their contracts, told to fail on order.

    with sandbox.serve() as street:
        requests.get(f"{street.url}/devto/api/users/me", headers={"api-key": "sandbox-devto-key"})

Nothing of the rest of the house is imported here, so that what is tested against the sandbox is tested from outside.
Read `platforms.py` for who is there, `contract.py` for what each promises, `faults.py` for how they misbehave.
"""

from sandbox.server import Serving, serve

__all__ = ["Serving", "serve"]
