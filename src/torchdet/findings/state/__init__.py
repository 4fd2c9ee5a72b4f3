"""DET2xx: process-wide state that decides what every other module computes."""
