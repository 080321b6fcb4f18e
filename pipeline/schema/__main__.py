"""What `python -m pipeline.schema` runs."""

import sys

from pipeline.process import run_command
from pipeline.schema.reviewing import TROUBLE, main

if __name__ == "__main__":
    sys.exit(run_command(main, unshowable="backslashreplace", cut_short=TROUBLE))
