"""Where a program names, asks for, compares and places devices."""
