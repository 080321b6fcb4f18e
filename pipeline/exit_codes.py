"""Exit statuses of all commands."""

SUCCESS = 0
FAILED = 1
WRONG_USE = 2
REFUSED = 3
INTERRUPTED = 130
