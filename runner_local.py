"""Runs the pipeline on this machine: `python runner_local.py [--data FOLDER] [flags]`.

Exit status: 0 the model was released and pushed, 1 the run failed, 2 wrong use, 3 the model was
refused, 130 interrupted, by Ctrl-C or by SIGTERM.
"""

if __name__ == "__main__":
    import sys

    from pipeline.process import prepare, run_command

    prepare()
    from pipeline.local.parent import main

    sys.exit(run_command(main, unshowable="backslashreplace"))
