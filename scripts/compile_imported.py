"""Compiles the modules that a run imports, and no others: a third of all that is installed.

With hashes instead of times in the compiled files, so that two builds of an image are alike.
"""

import importlib
import py_compile
import sys

MODULES = (
    "cleanlab.filter",
    "keras",
    "kfp.dsl",
    "rich.console",
    "tensorflow_serving.apis.prediction_log_pb2",
    "tfx.components",
    "tfx.orchestration.portable.launcher",
)


def main() -> None:
    """Imports them, then compiles all that was loaded."""
    for name in MODULES:
        importlib.import_module(name)
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None) or ""
        if path.endswith(".py"):
            py_compile.compile(
                path, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
            )


if __name__ == "__main__":
    main()
