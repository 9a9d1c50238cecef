"""The text of every post of the benchmark: about 3.5 kB of what people write."""

from __future__ import annotations

PARAGRAPH = (
    "Clocks disagree, networks lose answers and processes die at the worst moment; a schedule has to bear all three. "
    "What helps is dull: **write it down first**, do it then, and write down what came of it, so that whoever comes "
    "next [can look it up](https://example.com/notes) instead of guessing. `claim()` is the first half of that.\n\n"
)
CODE = "```python\nwith transaction.atomic():\n    rows = claim(now, limit=64)\n```\n\n"
TEXT = "".join(f"## Part {part}\n\n{PARAGRAPH}{PARAGRAPH}{CODE}" for part in range(1, 6))
