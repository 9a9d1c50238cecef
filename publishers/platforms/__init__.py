"""The platforms: a package each, which knows its own and no other."""
