"""Verbs: what repeats. The dates of a rule, the series that goes by it, and the deliveries made ahead of time."""
