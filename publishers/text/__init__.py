"""An author's Markdown on its way to a platform: read once, changed in small steps, each loss noted with its line."""
