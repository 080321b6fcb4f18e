"""What `python -m pipeline.predict` runs."""

import sys

from pipeline.predict.asking import main
from pipeline.process import run_command

if __name__ == "__main__":
    # Linux allows any bytes as a file name; they come out as they went in.
    sys.exit(run_command(main, unshowable="surrogateescape"))
