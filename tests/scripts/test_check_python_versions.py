from tests.scripts.fake_project import Project


def test_an_absent_version_is_named(project: Project) -> None:
    refused = project.run("check_python_versions.sh", "3.99", HOME="/nonexistent")
    assert refused.returncode == 1
    assert "Python 3.99 is required for this check." in refused.stderr
    assert "scripts/check_python_versions.sh VERSION..." in refused.stderr
