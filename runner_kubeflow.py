"""Runs the pipeline on Kubeflow Pipelines: `python runner_kubeflow.py COMMAND --help`.

Exit status: 0 done, 1 failed, 2 wrong use, 130 interrupted; of `submit --wait` also 3: the model
was refused.
"""

import sys

from pipeline.kubeflow.command_line import main
from pipeline.process import run_command

if __name__ == "__main__":
    sys.exit(run_command(main, unshowable="backslashreplace"))
