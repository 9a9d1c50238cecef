"""A module that cannot be imported."""

raise RuntimeError("It exploded.")
