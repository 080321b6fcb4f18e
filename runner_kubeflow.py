"""Runs the pipeline on Kubeflow Pipelines: `python runner_kubeflow.py COMMAND --help`.

Exit status: 0 done, 1 failed, 2 wrong use; of `submit --wait` also 3: the model was refused.
"""

import sys

from pipeline.kubeflow.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
