"""DET5xx: random numbers and orders that differ from run to run."""
