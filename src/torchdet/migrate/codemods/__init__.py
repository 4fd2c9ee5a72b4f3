"""One module a codemod; each is found by itself, and named by nobody else."""
