"""Sites that are built from files: what a post is there, for every platform that keeps such files somewhere."""
