import importlib.metadata
import platform

from components.reporting.gathering import versions


def test_versions_of_what_is_installed(monkeypatch):
    monkeypatch.setattr(versions, "LIBRARIES", ("numpy", "no-such-library"))
    assert versions.library_versions() == {
        "python": platform.python_version(),
        "numpy": importlib.metadata.version("numpy"),
    }
