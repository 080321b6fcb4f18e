"""What `python -m pipeline.releases` runs."""

import sys

from pipeline.process import run_command
from pipeline.releases.commands import TROUBLE, main

if __name__ == "__main__":
    sys.exit(run_command(main, unshowable="backslashreplace", cut_short=TROUBLE))
