"""Errors that are written for the person who runs the pipeline."""


class PipelineError(Exception):
    """A run cannot go on, for a reason that its user can understand and mend.

    The message says the rule, what was received, and what to do. Runners show it as it is,
    without a traceback; every other exception is shown as a defect, with the place of the log.
    """
