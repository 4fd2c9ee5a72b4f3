"""torchdet inside other tools."""
