"""Runs that overlap: a model is not pushed over one that it was not compared with."""

import datetime

import ml_metadata as mlmd

from components.errors import PipelineError
from components.serving.directory.log import is_publishing, read_events

NODE, RUN = "node", "pipeline_run"


def looked_up_at(store: mlmd.MetadataStore, step: str, run: str) -> datetime.datetime | None:
    """When a step of a run was executed first.

    Args:
        store: ML Metadata.
        step: "<pipeline>.<step>", as TFX names the context of a step.
        run: TFX's id of the run.

    Returns:
        The time, to the second, rounded down as in the log of releases; None if it was not.
    """
    contexts = [
        store.get_context_by_type_and_name(kind, name) for kind, name in ((NODE, step), (RUN, run))
    ]
    if None in contexts:
        return None
    of_step, of_run = (
        {execution.id: execution for execution in store.get_executions_by_context(context.id)}
        for context in contexts
    )
    both = of_step.keys() & of_run.keys()
    if not both:
        return None
    seconds = min(of_step[execution].create_time_since_epoch for execution in both) // 1000
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def check_nobody_pushed_since(model_folder: str, looked: datetime.datetime | None) -> None:
    """Checks that what serves is what was looked up.

    Args:
        model_folder: `<serving>/<name>`.
        looked: When it was looked up; None if it was not.

    Raises:
        PipelineError: A version was published since.
    """
    published = [event for event in read_events(model_folder) if is_publishing(event)]
    if looked is None or not published:
        return
    newest = max(published, key=lambda event: event.version)
    if datetime.datetime.fromisoformat(newest.time) > looked:
        raise PipelineError(
            "A model must be pushed over the one that it was compared with. Received: version "
            f"{newest.version}, a {newest.origin.action} by {newest.origin.actor} at "
            f"{newest.time}, after this run had looked up what serves, at {looked.isoformat()}. "
            "Run again, which compares with that version; what is done is cached."
        )
