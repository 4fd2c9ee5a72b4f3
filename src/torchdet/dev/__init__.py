"""Tools for those who work on torchdet: `python -m torchdet.dev`. No command of users loads it."""
