"""DET1xx: how a module comes by torch."""
