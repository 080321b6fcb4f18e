"""Imports what a run imports, once, so that Python keeps the compiled form of it.

That takes half a minute, which the first run would pay otherwise; and every process would, again
and again, where PYTHONDONTWRITEBYTECODE is set, as many containers have it.
"""

import importlib
import importlib.util
import os
import sys

MODULES = ("pipeline.local.steps", "components.training.run_fn", "cleanlab.filter")


def main() -> None:
    """Imports the modules that are there."""
    sys.dont_write_bytecode = False
    # What libraries say of the machine is said again by every run, to its log.
    errors = os.dup(sys.stderr.fileno())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    try:
        for name in MODULES:
            if importlib.util.find_spec(name.partition(".")[0]):
                importlib.import_module(name)
    finally:
        os.dup2(errors, sys.stderr.fileno())


if __name__ == "__main__":
    main()
