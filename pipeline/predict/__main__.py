"""What `python -m pipeline.predict` runs."""

if __name__ == "__main__":
    import sys

    from pipeline.process import prepare, run_command

    prepare()
    from pipeline.predict.predict_cli import main

    # Linux allows any bytes as a file name; they come out as they went in.
    sys.exit(run_command(main, unshowable="surrogateescape"))
