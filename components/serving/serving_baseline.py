"""Which earlier model a new one is compared with."""

from collections.abc import Mapping

import ml_metadata as mlmd
from tfx import types
from tfx.dsl.components.common import resolver
from tfx.dsl.io import fileio
from tfx.utils import path_utils

from components.artifact_types import LOOKED_UP_VERSION, ServingLookup
from components.errors import PipelineError
from components.lineage import sources_of
from components.serving.directory.layout import find_serving
from components.serving.directory.log import rolled_back_versions
from components.serving.model_assets import read_class_names

MODEL = "model"
COMPARABLE_MODEL = "comparable_model"
PUSHED_MODEL = "pushed_model"
CANDIDATE = "candidate"
LOOKUP = "serving_lookup"
IS_PUSHED = "pushed"
"""The property in which TFX's Pusher says whether it pushed."""
PUSHED_VERSION = "pushed_version"
RESET_BASELINE = "reset_baseline"
"""The property in which our Pusher keeps the reason of a reset."""


class ServingModel(resolver.ResolverStrategy):
    """The model that serves: the newest that was pushed, and was neither rolled back nor reset.

    TFX's own `LatestBlessedModelStrategy` knows what was blessed, which is not what serves: a
    blessed model may have been refused by another check, or rolled back. And it finds the candidate
    itself as soon as it was blessed once, so that a second, unchanged run compares the model with
    itself, and evaluates and pushes it again. Here a candidate that was pushed already is compared
    with what it was compared with then.
    """

    def __init__(self, model_folder: str, reset_baseline: bool):
        """Prepares.

        Args:
            model_folder: `<serving>/<name>`, whose log says what was rolled back.
            reset_baseline: Whether there is to be no baseline in this run.
        """
        self._model_folder = model_folder
        self._reset_baseline = reset_baseline

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: Mapping[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Chooses among all models of the pipeline.

        Args:
            store: ML Metadata, in which the lineage of a pushed model stands.
            input_dict: `model`, `comparable_model`, `pushed_model`: all there are; `candidate`: the
                new model; `serving_lookup`: what earlier runs saw.

        Returns:
            `model` and `pushed_model` with the one that serves, or with none; `comparable_model`
            with the same if it knows the classes that the candidate knows, as TFMA must have it;
            `serving_lookup` with a new one, over whose version alone this run may push; and
            `candidate` as it is, since TFX wants every key back.
        """
        chosen: dict[str, list[types.Artifact]] = {key: [] for key in input_dict}
        # Before anything else is read: what is pushed after this is noticed by the Pusher.
        chosen[LOOKUP] = [_note_what_serves(store, self._model_folder)]
        chosen[CANDIDATE] = input_dict[CANDIDATE]
        [candidate] = input_dict[CANDIDATE]
        found = None if self._reset_baseline else self._find(store, input_dict, candidate.id)
        if found is not None:
            pushed, model = found
            chosen[PUSHED_MODEL], chosen[MODEL] = [pushed], [model]
            if _class_names(model) == _class_names(candidate) is not None:
                chosen[COMPARABLE_MODEL] = [model]
        return chosen

    def _find(
        self,
        store: mlmd.MetadataStore,
        input_dict: Mapping[str, list[types.Artifact]],
        candidate: int,
    ) -> tuple[types.Artifact, types.Artifact] | None:
        # Somebody may have tidied up.
        models = {model.id: model for model in input_dict[MODEL] if fileio.exists(model.uri)}
        rolled_back = rolled_back_versions(self._model_folder)
        for pushed in sorted(_pushed(input_dict), key=lambda one: -one.id):
            made_from = {source.id for source in sources_of(store, [pushed.id])}
            if candidate in made_from:
                if pushed.get_string_custom_property(RESET_BASELINE):
                    return None
                continue
            found = made_from & models.keys()
            if found and _version(pushed) not in rolled_back:
                return pushed, models[max(found)]
        return None


def _note_what_serves(store: mlmd.MetadataStore, model_folder: str) -> types.Artifact:
    lookup = ServingLookup()
    serving = find_serving(model_folder)
    lookup.set_string_custom_property(LOOKED_UP_VERSION, "" if serving is None else str(serving))
    lookup.type_id = store.put_artifact_type(lookup.artifact_type)
    [lookup.id] = store.put_artifacts([lookup.mlmd_artifact])
    return lookup


def _pushed(input_dict: Mapping[str, list[types.Artifact]]) -> list[types.Artifact]:
    return [one for one in input_dict[PUSHED_MODEL] if one.get_int_custom_property(IS_PUSHED)]


def _version(pushed: types.Artifact) -> int:
    return int(pushed.get_string_custom_property(PUSHED_VERSION))


def _class_names(model: types.Artifact) -> tuple[str, ...] | None:
    """The classes of a model; None of one that was exported before models said them."""
    try:
        return read_class_names(path_utils.serving_model_path(model.uri))
    except PipelineError:
        return None
