"""Which earlier images new ones are compared with."""

from collections.abc import Iterable, Mapping

import ml_metadata as mlmd
from tfx import types
from tfx.dsl.components.common import resolver
from tfx.dsl.io import fileio

from components.lineage import sources_of

STATISTICS = "statistics"
PUSHED_MODEL = "pushed_model"
CANDIDATE = "candidate"
IS_PUSHED = "pushed"
"""The property in which TFX's Pusher says whether it pushed."""

# From a pushed model to the examples that it was made from. A Pusher also depends on the model
# that the new one was compared with, by way of the blessing: that is not what it was made from.
_MADE_FROM = {
    "PushedModel": ("Model",),
    "Model": ("TransformGraph", "Examples"),
    "TransformGraph": ("Examples",),
    "Examples": ("Examples",),
    "ExampleStatistics": ("Examples",),
}


class StatisticsOfLastPushedModel(resolver.ResolverStrategy):
    """The statistics of the images that the newest pushed model was made from.

    The candidate's own are not an answer, also where their model was pushed already: a second,
    unchanged run would find another baseline than the first and run the gate again. So images
    are always compared with the newest others from which a model was pushed. Where a model was made
    from several spans, it is the newest of these that a new one is compared with.
    """

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: Mapping[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Chooses among all statistics of the pipeline.

        Args:
            store: ML Metadata, in which the lineage of a model stands.
            input_dict: `statistics`, `pushed_model`: all there are; `candidate`: the statistics
                of this run.

        Returns:
            `statistics` and `pushed_model` with those chosen, or with none on the first run; and
            `candidate` as it is, since TFX wants every key back.
        """
        chosen: dict[str, list[types.Artifact]] = {key: [] for key in input_dict}
        chosen[CANDIDATE] = input_dict[CANDIDATE]
        own = {statistics.id for statistics in chosen[CANDIDATE]}
        own_examples = _sources(store, own)
        others = [found for found in input_dict[STATISTICS] if found.id not in own]
        # Where there are several of the same examples, the newest.
        by_examples = {
            examples: statistics
            for statistics in sorted(others, key=lambda found: found.id)
            # Somebody may have tidied up.
            if fileio.exists(statistics.uri)
            for examples in _sources(store, [statistics.id])
        }
        pushed = [m for m in input_dict[PUSHED_MODEL] if m.get_int_custom_property(IS_PUSHED)]
        for model in sorted(pushed, key=lambda model: -model.id):
            made_from = _origins(store, model.id)
            origins = made_from & by_examples.keys()
            # Of a model of several spans, older ones would be left when the candidate's is not.
            if origins and not made_from & own_examples:
                chosen[STATISTICS] = [by_examples[max(origins)]]
                chosen[PUSHED_MODEL] = [model]
                break
        return chosen


def _origins(store: mlmd.MetadataStore, model: int) -> set[int]:
    """Ids of everything that a pushed model was made from."""
    origins: set[int] = set()
    following = {model}
    while following:
        origins |= following
        following = _sources(store, following) - origins
    return origins


def _sources(store: mlmd.MetadataStore, artifacts: Iterable[int]) -> set[int]:
    """Ids of what the steps that made the artifacts made them from."""
    return {
        source.id
        for artifact in store.get_artifacts_by_id(list(artifacts))
        for source in sources_of(store, [artifact.id])
        if source.type in _MADE_FROM.get(artifact.type, ())
    }
