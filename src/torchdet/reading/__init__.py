"""Questions about a torch program, each answered in one place."""
