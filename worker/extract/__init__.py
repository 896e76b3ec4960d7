"""Reading documents: a path in, a value out; no network; runs in a child process under limits."""
