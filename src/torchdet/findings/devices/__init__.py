"""DET3xx: code that runs on one kind of device only."""
