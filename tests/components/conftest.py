"""Models that several tests ask."""

import pytest

from tests.components.serving.exported_model import ExportedModel, make_exported_model


@pytest.fixture(scope="session")
def gray_model(tmp_path_factory: pytest.TempPathFactory) -> ExportedModel:
    return make_exported_model(tmp_path_factory.mktemp("gray"), channels=1)


@pytest.fixture(scope="session")
def color_model(tmp_path_factory: pytest.TempPathFactory) -> ExportedModel:
    return make_exported_model(tmp_path_factory.mktemp("color"), channels=3)
