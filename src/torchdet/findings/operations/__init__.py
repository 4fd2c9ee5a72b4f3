"""DET4xx: operations whose results can differ from run to run."""
