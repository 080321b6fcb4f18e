"""What `python -m pipeline.schema` runs."""

if __name__ == "__main__":
    import sys

    from pipeline.process import prepare, run_command

    prepare()
    from pipeline.schema.schema_cli import main

    sys.exit(run_command(main, unshowable="backslashreplace"))
