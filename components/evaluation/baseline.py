"""Which earlier model a new one is compared with."""

from collections.abc import Mapping

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
        chosen: dict[str, list[types.Artifact]] = {key: [] for key in input_dict}
        chosen[CANDIDATE] = input_dict[CANDIDATE]
        blessings = {
            blessing.get_int_custom_property(MODEL_ID): blessing
            for blessing in input_dict[BLESSING]
            if blessing.get_int_custom_property(IS_BLESSED)
        }
        own = {model.id for model in chosen[CANDIDATE]}
        eligible = [m for m in input_dict[MODEL] if m.id in blessings and m.id not in own]
        if eligible:
            newest = max(eligible, key=lambda model: model.id)
            chosen[MODEL] = [newest]
            chosen[BLESSING] = [blessings[newest.id]]
        return chosen
