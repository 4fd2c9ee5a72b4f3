"""What one file says, computed once from its tree before any rule runs."""
