"""Runs the pipeline on Kubeflow Pipelines: `python runner_kubeflow.py COMMAND --help`.

Exit status: 0 done, 1 failed, 2 wrong use, 130 interrupted; of `submit --wait` also 3: the model
was refused.
"""

if __name__ == "__main__":
    import sys

    from pipeline.process import prepare, run_command

    prepare()
    from pipeline.kubeflow.kubeflow_cli import main

    sys.exit(run_command(main, unshowable="backslashreplace"))
