"""The engine: what is due is claimed, sent, and its outcome written."""
