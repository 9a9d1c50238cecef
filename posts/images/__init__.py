"""Pictures of our own: taken in, given out, made smaller, and where they are used."""
