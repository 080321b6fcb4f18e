"""Which earlier model a new one is compared with."""

from collections.abc import Callable, Mapping

import ml_metadata as mlmd
from tfx import types
from tfx.components.evaluator.constants import (
    ARTIFACT_PROPERTY_BLESSED_KEY as IS_BLESSED,
)
from tfx.components.evaluator.constants import (
    ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY as MODEL_ID,
)
from tfx.dsl.components.common import resolver

MODEL = "model"
BLESSING = "model_blessing"
CANDIDATE = "candidate"
EXAMPLES = "examples"


class LatestOtherBlessedModel(resolver.ResolverStrategy):
    """The newest blessed model that is not the candidate itself.

    TFX's own `LatestBlessedModelStrategy` finds the candidate as soon as it was blessed once, so
    that a second, unchanged run compares it with itself, and evaluates and pushes it again.
    """

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: Mapping[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Chooses among all models of the pipeline.

        Args:
            store: ML Metadata.
            input_dict: `model`, `model_blessing`: all there are; `candidate`: the new model.

        Returns:
            `model` and `model_blessing` with the one chosen, or with none on the first run; and
            `candidate` as it is, since TFX wants every key back.
        """
        del store
        own = {model.id for model in input_dict[CANDIDATE]}
        newest = _newest_blessed(input_dict, lambda model: model.id not in own)
        return {CANDIDATE: input_dict[CANDIDATE], **newest}


class LatestBlessedModelOfOtherImages(resolver.ResolverStrategy):
    """The newest blessed model that was trained on other images than those at hand.

    A warm start from TFX's `LatestBlessedModelStrategy` would begin each run with the model of the
    run before, and so train again and again although nothing has changed.
    """

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: Mapping[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Chooses among all models of the pipeline.

        Args:
            store: ML Metadata.
            input_dict: `model`, `model_blessing`: all there are; `examples`: what will be trained
                on.

        Returns:
            `model` and `model_blessing` with the one chosen, or with none; and `examples` as it is.
        """
        at_hand = {examples.id for examples in input_dict[EXAMPLES]}
        newest = _newest_blessed(
            input_dict, lambda model: not at_hand & _inputs_of_producer(store, model)
        )
        return {EXAMPLES: input_dict[EXAMPLES], **newest}


def _newest_blessed(
    input_dict: Mapping[str, list[types.Artifact]], is_eligible: Callable[[types.Artifact], bool]
) -> dict[str, list[types.Artifact]]:
    blessings = {
        blessing.get_int_custom_property(MODEL_ID): blessing
        for blessing in input_dict[BLESSING]
        if blessing.get_int_custom_property(IS_BLESSED)
    }
    blessed = sorted(
        (model for model in input_dict[MODEL] if model.id in blessings),
        key=lambda model: model.id,
        reverse=True,
    )
    newest = next(filter(is_eligible, blessed), None)
    if newest is None:
        return {MODEL: [], BLESSING: []}
    return {MODEL: [newest], BLESSING: [blessings[newest.id]]}


def _inputs_of_producer(store: mlmd.MetadataStore, artifact: types.Artifact) -> set[int]:
    """Numbers of the artifacts that the execution which made an artifact read."""
    events = mlmd.proto.Event
    made = [
        event.execution_id
        for event in store.get_events_by_artifact_ids([artifact.id])
        if event.type == events.OUTPUT
    ]
    return {
        event.artifact_id
        for event in store.get_events_by_execution_ids(made)
        if event.type == events.INPUT
    }
