"""The commands, from their arguments to what the server has and the terminal shows."""

import kfp_server_api as kfp
import pytest

from pipeline.kubeflow.command_line import main
from pipeline.kubeflow.server import running
from tests.pipeline.kubeflow.server.fake_server import Failure

VERSION = "photos-0098f87879b4"


def run_state(state: str, **tasks: str) -> kfp.V2beta1Run:
    details = [
        kfp.V2beta1PipelineTaskDetail(display_name=name, state=value)
        for name, value in {"root": "RUNNING", "trainer-driver": "SUCCEEDED", **tasks}.items()
    ]
    return kfp.V2beta1Run(
        run_id="id-4", state=state, run_details=kfp.V2beta1RunDetails(task_details=details)
    )


@pytest.fixture
def no_pauses(monkeypatch) -> list[float]:
    """Nothing waits; the pauses that would have been."""
    pauses: list[float] = []
    waiting = running.Waiting

    def immediately(time_out: float) -> running.Waiting:
        return waiting(10.0, time_out, pauses.append, lambda: sum(pauses))

    monkeypatch.setattr(running, "Waiting", immediately)
    return pauses


def test_submit_uploads_once_and_starts_a_run(host, state, package, capsys):
    command = ["submit", package, "--run-name", "weekly", "--set", "train_epochs=3"]
    assert main([*command, "--set", 'settings={"train.seed": 7}', "--experiment", "pets"]) == 0
    assert capsys.readouterr().out == (
        f"{VERSION}: uploaded\nRun weekly: {host}/#/runs/details/id-4\n"
    )
    assert state.requests == [
        ("GET", "/pipelines"),
        ("POST", "/pipelines/upload"),
        ("GET", "/pipelines/id-1/versions"),
        ("POST", "/pipelines/upload_version"),
        ("GET", "/experiments"),
        ("POST", "/experiments"),
        ("POST", "/runs"),
    ]
    run = state.runs["id-4"]
    assert (run.display_name, run.experiment_id) == ("weekly", "id-3")
    assert run.pipeline_version_reference.to_dict() == {
        "pipeline_id": "id-1",
        "pipeline_version_id": "id-2",
    }
    assert run.runtime_config.parameters == {"train_epochs": 3, "settings": {"train.seed": 7}}
    assert main(["submit", package, "--experiment", "pets"]) == 0
    assert capsys.readouterr().out.startswith(f"{VERSION}: on the server already\nRun photos 20")
    assert (len(state.pipelines), len(state.versions), len(state.experiments)) == (1, 1, 1)


def test_lists_are_read_to_their_end(host, state, package):
    state.pipelines = [kfp.V2beta1Pipeline(pipeline_id=f"p{n}", name=f"n{n}") for n in range(5)]
    state.pipelines.append(kfp.V2beta1Pipeline(pipeline_id="mine", display_name="photos"))
    assert main(["submit", package]) == 0
    assert [path for _, path in state.requests[:4]] == ["/pipelines"] * 3 + [
        "/pipelines/mine/versions"
    ]
    assert [query.get("page_token") for query in state.queries[:3]] == [None, ["2"], ["4"]]


def test_the_namespace_and_the_token_go_with_every_request(host, state, package, monkeypatch):
    monkeypatch.setenv("KFP_TOKEN", "s3cret")
    assert main(["submit", package, "--namespace", "team"]) == 0
    assert {headers["Authorization"] for headers in state.headers} == {"Bearer s3cret"}
    assert state.queries[0]["namespace"] == ["team"]
    assert state.experiments[0].namespace == "team"


def test_a_token_from_a_file(host, state, package, tmp_path, monkeypatch):
    (tmp_path / "token").write_text("from-file\n")
    monkeypatch.setenv("KFP_TOKEN_FILE", str(tmp_path / "token"))
    assert main(["list"]) == 0
    assert state.headers[0]["Authorization"] == "Bearer from-file"


def test_waiting_shows_each_change_and_tells_the_release(host, state, package, no_pauses, capsys):
    state.states_to_come = [
        run_state("RUNNING", trainer="RUNNING"),
        run_state("RUNNING", trainer="RUNNING"),
        run_state("SUCCEEDED", trainer="SUCCEEDED", modelrefused="SKIPPED"),
    ]
    assert main(["submit", package, "--wait"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "trainer: running",
        "trainer: succeeded",
        "modelrefused: skipped",
        "The model was released.",
    ]
    assert no_pauses == [10.0, 10.0]


def test_a_refused_model_has_an_exit_status_of_its_own(host, state, package, no_pauses, capsys):
    state.states_to_come = [run_state("SUCCEEDED", modelrefused="SUCCEEDED")]
    assert main(["submit", package, "--wait"]) == 3
    assert capsys.readouterr().out.endswith(
        "The model was refused; ModelReport and the log of ModelRefused say why.\n"
    )


@pytest.mark.parametrize("state_of_run", ["FAILED", "CANCELED"])
def test_a_failed_run(host, state, package, no_pauses, capsys, state_of_run):
    failed = run_state(state_of_run, trainer="FAILED")
    failed.error = kfp.GoogleRpcStatus(message="out of \x1b[31mmemory")
    state.states_to_come = [failed]
    assert main(["submit", package, "--wait"]) == 1
    assert capsys.readouterr().out.endswith(
        f"The run ended as {state_of_run.lower()} in trainer. out of  [31mmemory\n"
    )


def test_a_passing_trouble_does_not_end_the_waiting(host, state, package, no_pauses, capsys):
    state.states_to_come = [run_state("SUCCEEDED")]
    state.failures = {7: Failure(503), 8: Failure(502)}
    assert main(["submit", package, "--wait"]) == 0
    assert no_pauses == [1.0, 2.0]


def test_a_lasting_trouble_does(host, state, package, no_pauses, capsys):
    state.failures = {number: Failure(503) for number in range(7, 30)}
    assert main(["submit", package, "--wait"]) == 1
    assert len(no_pauses) == 9
    assert "Received: 503 Service Unavailable." in capsys.readouterr().err


def test_giving_up_names_the_run_that_goes_on(host, state, package, no_pauses, capsys):
    state.states_to_come = [run_state("RUNNING") for _ in range(5)]
    assert main(["submit", package, "--wait", "--time-out", "20"]) == 1
    assert capsys.readouterr().err == (
        "runner_kubeflow.py: error: The run must end within 20 seconds, as --time-out says. "
        f"Received: RUNNING after that. It goes on: {host}/#/runs/details/id-4\n"
    )


def test_an_interruption_leaves_the_run_alone(host, state, package, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "wait_for_run", interrupt)
    assert main(["submit", package, "--wait"]) == 130
    assert capsys.readouterr().out.endswith(
        f"Not waiting any longer; the run goes on: {host}/#/runs/details/id-4\n"
    )


def test_a_schedule(host, state, package, capsys):
    command = ["schedule", package, "--cron", "0 3 * * 1", "--set", "train_epochs=3"]
    assert main([*command, "--start", "2026-12-01", "--end", "2027-12-01T00:00+01:00"]) == 0
    assert capsys.readouterr().out == (
        "Kubeflow's cron has the seconds first: 0 0 3 * * 1\n"
        "The next runs, in the cluster's time zone, UTC:\n"
        "  Mon 2026-12-07 03:00:00 UTC  (Mon 03:00 UTC)\n"
        "  Mon 2026-12-14 03:00:00 UTC  (Mon 03:00 UTC)\n"
        "  Mon 2026-12-21 03:00:00 UTC  (Mon 03:00 UTC)\n"
        "  Mon 2026-12-28 03:00:00 UTC  (Mon 03:00 UTC)\n"
        "  Mon 2027-01-04 03:00:00 UTC  (Mon 03:00 UTC)\n"
        f"Schedule photos: made, of {VERSION}\n"
    )
    [made] = state.schedules.values()
    cron = made.trigger.cron_schedule
    assert (made.display_name, made.status, made.max_concurrency) == ("photos", "ENABLED", "1")
    assert (cron.cron, made.no_catchup) == ("0 0 3 * * 1", True)
    assert cron.start_time.isoformat() == "2026-12-01T00:00:00+00:00"
    assert cron.end_time.isoformat() == "2027-12-01T00:00:00+01:00"
    assert made.runtime_config.parameters == {"train_epochs": 3}


def test_a_preview_talks_to_nobody(host, state, package, capsys):
    command = ["schedule", package, "--cron", "30 0 3 * * 0", "--time-zone", "Europe/Berlin"]
    assert main([*command, "--start", "2027-03-16", "--end", "2027-04-01", "--preview"]) == 0
    # The clocks go forward on the 28th, from 2 to 3.
    assert capsys.readouterr().out == (
        "The next runs, in the cluster's time zone, Europe/Berlin:\n"
        "  Sun 2027-03-21 03:00:30 CET  (Sun 02:00 UTC)\n"
        "  Sun 2027-03-28 03:00:30 CEST  (Sun 01:00 UTC)\n"
    )
    assert state.requests == []


def test_scheduling_again_replaces(host, state, package, capsys):
    assert main(["schedule", package, "--cron", "0 3 * * 1"]) == 0
    [old] = state.schedules
    assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 0
    assert capsys.readouterr().out.endswith(f"Schedule photos: replaced, of {VERSION}\n")
    [new] = state.schedules
    assert new != old
    assert state.enabled("photos") == [new]
    assert state.requests[-4:] == [
        ("POST", "/recurringruns"),
        ("POST", f"/recurringruns/{old}:disable"),
        ("POST", f"/recurringruns/{new}:enable"),
        ("DELETE", f"/recurringruns/{old}"),
    ]


def test_a_paused_schedule_stays_paused(host, state, package, capsys):
    main(["schedule", package, "--cron", "0 3 * * 1"])
    assert main(["pause", "photos"]) == 0
    assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 0
    assert capsys.readouterr().out.endswith(", paused as it was: resume photos\n")
    assert state.enabled("photos") == []
    assert main(["resume", "photos"]) == 0
    assert len(state.enabled("photos")) == 1
    assert main(["delete", "photos"]) == 0
    assert state.schedules == {}
    assert capsys.readouterr().out == (
        "Schedule photos: resumed.\nSchedule photos: deleted. Its runs stay.\n"
    )


# The requests of a second `schedule` that change something: create, disable, enable.
CREATE, DISABLE, ENABLE, DELETE = 4, 5, 6, 7


@pytest.mark.parametrize("after", [False, True], ids=["refused", "done, but the answer is lost"])
@pytest.mark.parametrize("number", [0, 1, 2, 3, CREATE, DISABLE, ENABLE])
def test_a_failure_leaves_the_old_schedule_as_it_was(host, state, package, number, after, capsys):
    main(["schedule", package, "--cron", "0 3 * * 1"])
    [old] = state.schedules
    failing = len(state.requests) + number
    state.failures = {failing: Failure(200, "{", after=after, cut=True)}
    assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 1
    assert list(state.schedules) == [old]
    assert state.enabled("photos") == [old]
    assert "must be reachable and answer in full" in capsys.readouterr().err


def test_an_old_schedule_that_cannot_be_deleted_is_switched_off(host, state, package, capsys):
    main(["schedule", package, "--cron", "0 3 * * 1"])
    [old] = state.schedules
    state.failures = {len(state.requests) + DELETE: Failure(500)}
    assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 1
    assert old not in state.enabled("photos")
    assert len(state.enabled("photos")) == 1
    assert (
        "The new schedule photos is there; the old one is switched off" in capsys.readouterr().err
    )


def test_what_cannot_be_taken_back_is_said(host, state, package, capsys):
    main(["schedule", package, "--cron", "0 3 * * 1"])
    first = len(state.requests) + ENABLE
    state.failures = {number: Failure(500) for number in range(first, first + 9)}
    assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 1
    error = capsys.readouterr().err
    assert "And what was begun could not be taken back" in error
    assert "Look at `runner_kubeflow.py list`, then delete or resume photos." in error


def test_the_list(host, state, package, capsys):
    assert main(["list"]) == 0
    assert capsys.readouterr().out == "There are no schedules.\n"
    for name in ("c", "a", "b\x1b[31m"):
        main(["schedule", package, "--cron", "0 3 * * 1", "--name", name])
    main(["pause", "c"])
    capsys.readouterr()
    assert main(["list"]) == 0
    rows = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines() if "│" in line]
    assert [[cell.strip() for cell in row[:5]] for row in rows] == [
        ["a", "0 0 3 * * 1", "enabled", "1", "no"],
        ["b [31m", "0 0 3 * * 1", "enabled", "1", "no"],
        ["c", "0 0 3 * * 1", "disabled", "1", "no"],
    ]


def test_an_unknown_schedule(host, state, package, capsys):
    main(["schedule", package, "--cron", "0 3 * * 1"])
    capsys.readouterr()
    for command in ("pause", "resume", "delete"):
        assert main([command, "cats"]) == 1
        assert capsys.readouterr().err == (
            "runner_kubeflow.py: error: There must be one schedule cats. Received: 0 of that "
            "name; there are: photos.\n"
        )
    assert len(state.enabled("photos")) == 1
