"""Where a step leaves what it took. Light: no TFX."""

STEP_MILLISECONDS = "step_milliseconds"
"""Custom property of an artifact: how long the step that made it took."""
STEP_PEAK_MEMORY = "step_peak_memory_bytes"
"""Custom property of an artifact: the most that the process of its step held meanwhile."""
