"""What `python -m pipeline.audit` runs."""

# Workers of the examination import this module again, and need nothing of it.
if __name__ == "__main__":
    import sys

    from pipeline.process import prepare, run_command

    prepare()
    from pipeline.audit.audit_cli import main

    # A terminal without Unicode gets codes in place of what it cannot show.
    sys.exit(run_command(main, unshowable="backslashreplace"))
