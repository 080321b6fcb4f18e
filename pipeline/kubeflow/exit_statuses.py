"""Exit statuses, as runner_local.py has them."""

RELEASED = 0
FAILED = 1
REFUSED = 3
INTERRUPTED = 130
