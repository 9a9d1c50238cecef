"""How the house is looked at from outside: probes, metrics, and the doctor. What is looked at, posts knows."""
