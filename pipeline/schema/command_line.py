"""Arguments -> what is asked."""

import argparse
import dataclasses
from collections.abc import Sequence

from components.config_checks import ConfigurationError, expand_home
from pipeline.command_line import parse_arguments
from pipeline.config import PipelineConfig

PROGRAM = "python -m pipeline.schema"
DIFF = "diff"
FREEZE = "freeze"
# Those settings that say where a schema and its statistics lie.
PLACES = ("config", "data", "name", "output", "schema")


def freeze_arguments(config: PipelineConfig) -> list[str]:
    """What to give to `freeze`, beside statistics, to freeze the schema of a run.

    Args:
        config: The run's.
    """
    return [f"--{name}={getattr(config, name)}" for name in ("data", "name", "schema")]


@dataclasses.dataclass(frozen=True)
class Request:
    """What a command line asks for.

    Attributes:
        command: `DIFF` or `FREEZE`.
        config: Says where schema and statistics are.
        statistics: Folders of ExampleStatistics artifacts, one of each span; none for those of the
            last run.
        is_fresh: Propose as if there were no schema yet.
        is_confirmed: Write without a question.
    """

    command: str
    config: PipelineConfig
    statistics: tuple[str, ...] = ()
    is_fresh: bool = False
    is_confirmed: bool = False


def parse_request(argv: Sequence[str]) -> Request:
    """Reads a command line; ends the process for --help and wrong use.

    Args:
        argv: The arguments, without the program's name.

    Raises:
        SystemExit: 0 after --help; 2 after one message on standard error.
    """
    parser = _build_parser()
    given = parser.parse_args(argv)
    if given.yes and given.command != FREEZE:
        parser.error(f"--yes belongs to {FREEZE}. Received: {given.command}. Leave it out.")
    places = [
        f"--{place}={value}" for place in PLACES if (value := getattr(given, place)) is not None
    ]
    config = parse_arguments(places, program=PROGRAM).config
    try:
        statistics = tuple(expand_home("--statistics", path) for path in given.statistics)
    except ConfigurationError as error:
        parser.error(str(error))
    return Request(
        command=given.command,
        config=config,
        statistics=statistics,
        is_fresh=given.fresh,
        is_confirmed=given.yes,
    )


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Shows how the schema that the latest images propose differs from the one in "
        "use, and freezes it after review. Without --data and --config, that of the sample.",
        epilog="Exit status: 0 no difference, or frozen; 1 a difference, or not frozen; 2 wrong "
        "use, or nothing to compare; 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "command",
        choices=(DIFF, FREEZE),
        help="diff: show the difference; freeze: show it, ask, and write the schema file",
    )
    places = {
        "config": ("FILE", "the configuration of the pipeline"),
        "data": ("FOLDER", "its data folder"),
        "name": ("NAME", "its name, if it is not that of the data folder"),
        "output": ("FOLDER", "its folder for artifacts (default: output)"),
        "schema": ("FILE", "its schema (default: schemas/<name>.pbtxt beside the output folder)"),
    }
    for place in PLACES:
        metavar, text = places[place]
        parser.add_argument(f"--{place}", metavar=metavar, help=text)
    parser.add_argument(
        "--statistics",
        metavar="FOLDER",
        action="append",
        default=[],
        help="statistics to propose from: a folder with Split-<split>/FeatureStats.pb; once for "
        "each span (default: those of the last run)",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="propose as if there were no schema: ranges become as narrow as for a first run, and "
        "what people added is left out",
    )
    parser.add_argument("--yes", action="store_true", help="freeze without asking")
    return parser
