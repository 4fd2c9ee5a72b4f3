"""DET9xx: about the run itself. The engine makes these findings; they look at no node."""
