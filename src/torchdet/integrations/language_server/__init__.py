"""The language server: diagnostics while you type, quick fixes, and what a rule is about."""
