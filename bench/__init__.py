"""The speed of the house, measured beside the limit: `make bench`. How to read it: docs/performance.md."""
