"""What `python -m pipeline.audit` runs."""

import sys

from pipeline.audit.auditing import main
from pipeline.process import run_command

# Workers of the examination import this module again.
if __name__ == "__main__":
    # A terminal without Unicode gets codes in place of what it cannot show.
    sys.exit(run_command(main, unshowable="backslashreplace"))
