"""DET1xx: how a module gets torch."""
