"""The commands, from their arguments to what the server has and the terminal shows."""

import datetime
import hashlib
import json
import pathlib
import re
from collections.abc import Mapping
from types import MappingProxyType

import kfp_server_api as kfp
import pytest

from pipeline.kubeflow.command_line import main
from pipeline.kubeflow.server import commands, replacing, running
from pipeline.kubeflow.server.package import read_package
from tests.pipeline.kubeflow.server.conftest import PACKAGE
from tests.pipeline.kubeflow.server.fake_server import Failure
from tests.shared_data import shared_data

PACKAGE_WITH_LIMITS = PACKAGE.replace(
    "components:\n",
    "components:\n"
    "  comp-trainer: {executorLabel: exec-trainer}\n"
    "  comp-pusher: {executorLabel: exec-pusher}\n",
).replace(
    "---\nplatforms: {}\n",
    """\
deploymentSpec:
  executors:
    exec-trainer: {container: {resources: {memoryLimit: 8.589934592, resourceMemoryLimit: 8Gi}}}
    exec-pusher: {container: {}}
---
platforms:
  kubernetes: {deploymentSpec: {executors: {exec-trainer: {activeDeadlineSeconds: '28800'}}}}
""",
)
"""As `compile` writes limits; the form is that of a file that Kubeflow took."""
VERSION = f"photos-{hashlib.sha256(PACKAGE.encode()).hexdigest()[:12]}"
RELEASED = {"pusher": "SUCCEEDED", "condition-1": "SKIPPED"}


def run_state(state: str, tasks: Mapping[str, str] = MappingProxyType({})) -> kfp.V2beta1Run:
    """A run as Kubeflow tells it: with drivers, executors and groups among the tasks."""
    own = {"root": "RUNNING", "root-driver": "SUCCEEDED", "trainer-driver": "SUCCEEDED"}
    details = [
        kfp.V2beta1PipelineTaskDetail(display_name=name, state=value)
        for name, value in {**own, "executor": "RUNNING", **tasks}.items()
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
        ("POST", "/pipelines"),
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
        run_state("PENDING"),
        run_state("RUNNING", {"trainer": "RUNNING"}),
        run_state("RUNNING", {"trainer": "RUNNING"}),
        run_state("RUNNING", {"trainer(0)": "FAILED"}),
        run_state("SUCCEEDED", {"trainer": "SUCCEEDED", **RELEASED}),
    ]
    assert main(["submit", package, "--wait"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "Trainer: running",
        "Trainer: failed",
        "Trainer: succeeded",
        "Pusher: succeeded",
        "The model was released and pushed.",
    ]
    assert no_pauses == [10.0] * 4


def test_a_refused_model_has_an_exit_status_of_its_own(host, state, package, no_pauses, capsys):
    tasks = {"pusher": "SUCCEEDED", "condition-1": "SUCCEEDED", "modelrefused": "SUCCEEDED"}
    state.states_to_come = [run_state("SUCCEEDED", tasks)]
    assert main(["submit", package, "--wait"]) == 3
    assert capsys.readouterr().out.splitlines()[2:] == [
        "Pusher: succeeded",
        "ModelRefused: succeeded",
        "The model was refused by the checks. ModelReport's report says why, and index.html on "
        f"the volume: {host}/#/runs/details/id-4",
    ]


@pytest.mark.parametrize(
    "tasks",
    [{}, {"pusher": "SUCCEEDED"}, {"condition-1": "SKIPPED"}, {**RELEASED, "pusher": "SKIPPED"}],
)
def test_what_is_missing_is_no_release(host, state, package, no_pauses, capsys, tasks):
    state.states_to_come = [run_state("SUCCEEDED", tasks)]
    assert main(["submit", package, "--wait"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        "The run succeeded, but the states of Pusher and ModelRefused, which tell whether the "
        f"model was released, are not all there: look at {host}/#/runs/details/id-4"
    )


@pytest.mark.parametrize("state_of_run", ["FAILED", "CANCELED", "SKIPPED"])
def test_a_failed_run(host, state, package, no_pauses, capsys, state_of_run):
    failed = run_state(state_of_run, {"trainer": "FAILED", "executor": "FAILED"})
    failed.error = kfp.GoogleRpcStatus(message="out of \x1b[31mmemory")
    state.states_to_come = [failed]
    assert main(["submit", package, "--wait"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"The run ended as {state_of_run.lower()} in Trainer. out of  [31mmemory "
        f"{host}/#/runs/details/id-4"
    )


class TestATaskThatWasKilled:
    """Fault A10: a pod killed for memory was "failed in Trainer", and nothing else."""

    @pytest.fixture
    def wait(self, host, state, no_pauses, tmp_path, capsys):
        """Waits for a run that failed as Argo's nodes tell it; returns the last lines."""

        def wait(pods: str, seconds: int, attempts: int = 3, **others: str) -> list[str]:
            package = tmp_path / "photos.yaml"
            package.write_text(PACKAGE_WITH_LIMITS)
            began = datetime.datetime(2026, 11, 29, 3, 0, tzinfo=datetime.UTC)
            ended = began + datetime.timedelta(seconds=seconds)
            failed = run_state("FAILED", {"trainer": "FAILED", **others})
            children = [
                kfp.PipelineTaskDetailChildTask(pod_name=f"p-{number}")
                for number in range(attempts)
            ]
            failed.run_details.task_details += [
                kfp.V2beta1PipelineTaskDetail(
                    display_name="executor", state="FAILED", child_tasks=children
                ),
                # Of another step, whose next attempt did well.
                kfp.V2beta1PipelineTaskDetail(
                    display_name="executor(0)", state="FAILED", start_time=began, end_time=began
                ),
                kfp.V2beta1PipelineTaskDetail(
                    display_name=pods, state="FAILED", start_time=began, end_time=ended
                ),
            ]
            state.states_to_come = [failed]
            assert main(["submit", str(package), "--wait"]) == 1
            lines = capsys.readouterr().out.splitlines()
            return lines[[line.startswith("The run ended") for line in lines].index(True) :]

        return wait

    def test_memory(self, host, wait):
        assert wait("executor(2)", 412) == [
            f"The run ended as failed in Trainer. {host}/#/runs/details/id-4",
            "Trainer: 3 attempts failed; the last took 412 s. If the log of its pod ends without "
            "a line that says why, the pod was killed, most likely for memory (its limit is 8Gi): "
            "give kubeflow.steps.Trainer.memory more. Each attempt leaves a record in the folder "
            "of the run, in attempts/.",
        ]

    def test_a_time_out(self, wait):
        assert wait("executor(2)", 28_803)[1] == (
            "Trainer: 3 attempts failed; the last took 28,803 s, and its time-out is 28,800 s: "
            "give kubeflow.steps.Trainer.attempt_timeout_seconds more."
        )

    def test_the_limits_of_a_file_that_kubeflow_took(self):
        recorded = shared_data("kubeflow") / "pods" / "as_compiled" / "pipeline.yaml"
        limits = read_package(str(recorded)).limits
        assert limits["trainer"] == ("8Gi", 28_800)
        assert limits["pusher"].seconds == 0

    def test_several_tasks_failed(self, wait):
        """Kubeflow does not tell which pod was whose, so that nothing is guessed."""
        lines = wait("executor(2)", 28_803, pusher="FAILED")
        assert [line[:20] for line in lines[1:]] == ["Trainer: it failed. ", "Pusher: it failed. I"]
        assert "(it has no limit of its own)" in lines[2]


def test_a_passing_trouble_does_not_end_the_waiting(host, state, package, no_pauses, capsys):
    state.states_to_come = [run_state("SUCCEEDED", RELEASED)]
    state.failures = {7: Failure(503), 8: Failure(502), 9: Failure(200, "{", cut=True)}
    assert main(["submit", package, "--wait"]) == 0
    assert no_pauses == [1.0, 2.0, 4.0]
    assert capsys.readouterr().out.splitlines()[2] == (
        f"No answer, asking again in 1 s (1 of 10): {host} must accept the request. Received: 503 "
        "Service Unavailable. Try again, or look at the log of the API server."
    )


def test_a_lasting_trouble_does(host, state, package, no_pauses, capsys):
    state.failures = {number: Failure(503) for number in range(7, 30)}
    assert main(["submit", package, "--wait"]) == 1
    assert no_pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    assert capsys.readouterr().err.endswith(
        "Received: 503 Service Unavailable. Try again, or look at the log of the API server. The "
        f"run is not stopped; look at it: {host}/#/runs/details/id-4\n"
    )


def test_a_refusal_while_waiting_ends_it_at_once(host, state, package, no_pauses, capsys):
    state.failures = {7: Failure(401)}
    assert main(["submit", package, "--wait"]) == 1
    assert no_pauses == []
    assert "Give a valid token in KFP_TOKEN or KFP_TOKEN_FILE. The run" in capsys.readouterr().err


def test_giving_up_names_the_run_that_goes_on(host, state, package, no_pauses, capsys):
    state.states_to_come = [run_state("RUNNING") for _ in range(5)]
    assert main(["submit", package, "--wait", "--time-out", "25"]) == 1
    assert no_pauses == [10.0, 10.0, 5.0]
    assert capsys.readouterr().err == (
        "runner_kubeflow.py: error: The run must end within 25 seconds, as --time-out says. "
        "Received: a run that has not. The run is not stopped; look at it: "
        f"{host}/#/runs/details/id-4\n"
    )


def test_the_time_out_counts_while_nobody_answers(host, state, package, no_pauses):
    state.failures = {number: Failure(503) for number in range(7, 30)}
    assert main(["submit", package, "--wait", "--time-out", "5"]) == 1
    assert no_pauses == [1.0, 2.0, 2.0]


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
    command += ["--namespace", "team"]
    assert main([*command, "--start", "2096-12-01", "--end", "2097-12-01T00:00+01:00"]) == 0
    assert capsys.readouterr().out == (
        "Five fields are cron's; Kubeflow's six have the second first: 0 0 3 * * 1\n"
        "The next runs, in UTC:\n"
        "  Mon 2096-12-03 03:00 UTC\n"
        "  Mon 2096-12-10 03:00 UTC\n"
        "  Mon 2096-12-17 03:00 UTC\n"
        "  Mon 2096-12-24 03:00 UTC\n"
        "  Mon 2096-12-31 03:00 UTC\n"
        f"Schedule photos: made, of {VERSION}\n"
    )
    [made] = state.schedules.values()
    cron = made.trigger.cron_schedule
    assert (made.display_name, made.status, made.max_concurrency) == ("photos", "ENABLED", "1")
    assert (cron.cron, made.no_catchup, made.mode) == ("0 0 3 * * 1", True, "DISABLE")
    assert (made.namespace, made.experiment_id) == ("team", "id-3")
    assert cron.start_time.isoformat() == "2096-12-01T00:00:00+00:00"
    assert cron.end_time.isoformat() == "2097-11-30T23:00:00+00:00"
    assert made.runtime_config.parameters == {"train_epochs": 3}
    assert made.pipeline_version_reference.to_dict() == {
        "pipeline_id": "id-1",
        "pipeline_version_id": "id-2",
    }


class TestDecisionsOfOneRun:
    """Fault A8: a push is forced for one run, at submit, and by no schedule, whoever made it."""

    def test_submit_takes_them(self, host, state, package):
        path = pathlib.Path(package)
        path.write_text(path.read_text().replace("dry:", "force_push:"))
        path.write_text(path.read_text().replace("BOOLEAN", "STRING"))
        assert main(["submit", package, "--set", "force_push=the old one is broken"]) == 0
        [run] = state.runs.values()
        assert run.runtime_config.parameters == {"force_push": "the old one is broken"}

    def test_a_schedule_that_has_them_is_not_resumed(self, host, state, package, capsys):
        main(["schedule", package, "--cron", "0 3 * * 1"])
        main(["pause", "photos"])
        [made] = state.schedules.values()
        made.runtime_config.parameters["force_push"] = "broken"
        assert main(["resume", "photos"]) == 2
        assert "Received: the schedule photos with force_push, for" in capsys.readouterr().err
        assert state.enabled("photos") == []


def test_a_preview_over_the_change_of_the_clocks(host, state, package, capsys, monkeypatch):
    monkeypatch.setenv("KFP_CRON_TIME_ZONE", "Europe/Berlin")
    monkeypatch.delenv("KFP_HOST")
    command = ["schedule", package, "--cron", "30 0 3 * * 0"]
    assert main([*command, "--start", "2097-03-20", "--end", "2097-04-08", "--preview"]) == 0
    # The clocks go forward on the 31st, from 2 to 3.
    assert capsys.readouterr().out == (
        "The next runs, in Europe/Berlin and in UTC:\n"
        "  Sun 2097-03-24 03:00:30 CET   Sun 2097-03-24 02:00:30 UTC\n"
        "  Sun 2097-03-31 03:00:30 CEST   Sun 2097-03-31 01:00:30 UTC\n"
        "  Sun 2097-04-07 03:00:30 CEST   Sun 2097-04-07 01:00:30 UTC\n"
    )
    assert state.requests == []


def test_an_hour_that_does_not_exist_and_one_that_comes_twice(package, capsys, monkeypatch):
    monkeypatch.setenv("KFP_CRON_TIME_ZONE", "Europe/Berlin")
    command = ["schedule", package, "--cron", "30 2 * * *", "--preview"]
    for start, days in (("2097-03-30", ["30", "01"]), ("2097-10-27", ["27", "27"])):
        assert main([*command, "--start", start]) == 0
        lines = capsys.readouterr().out.splitlines()[2:]
        assert [line.split()[1][-2:] for line in lines[:2]] == days


def test_the_times_in_another_zone(host, state, package, capsys):
    command = ["schedule", package, "--cron", "0 0 18 * * 0", "--show-in", "Asia/Tokyo"]
    assert main([*command, "--start", "2096-12-01T00:00"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "The next runs, in UTC and in Asia/Tokyo:",
        "  Sun 2096-12-02 18:00 UTC   Mon 2096-12-03 03:00 JST",
    ]
    [made] = state.schedules.values()
    assert made.trigger.cron_schedule.cron == "0 0 18 * * 0"
    assert made.trigger.cron_schedule.start_time.isoformat() == "2096-12-01T00:00:00+00:00"


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
        "Schedule photos: resumed. Kubeflow makes up for the latest run that was missed "
        "meanwhile.\nSchedule photos: deleted. No run that goes on is ended, and all stay in the "
        "list of runs. Kubeflow removes the pods and logs of each some time after its end, by "
        "default a day; what explains it stays on the volume, in the folder of the run and in "
        "index.html.\n"
    )


# The requests of a second `schedule`: four lists, then those that change something.
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
    assert state.most_enabled == 1
    error = capsys.readouterr().err
    assert "must be reachable and answer in full" in error
    assert "is left" not in error
    assert "switched off" not in error


@pytest.mark.parametrize("second", range(1, 6))
@pytest.mark.parametrize("number", [CREATE, DISABLE, ENABLE])
def test_two_failures_are_survived_as_well(host, state, package, number, second):
    main(["schedule", package, "--cron", "0 3 * * 1"])
    [old] = state.schedules
    failing = len(state.requests) + number
    state.failures = {failing: Failure(500, after=True), failing + second: Failure(503)}
    assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 1
    assert (list(state.schedules), state.enabled("photos")) == ([old], [old])
    assert state.most_enabled == 1


def test_an_interruption_between_two_requests_is_taken_back(
    host, state, package, monkeypatch, capsys
):
    main(["schedule", package, "--cron", "0 3 * * 1"])
    [old] = state.schedules

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands.Calls, "disable", interrupt)
    assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 130
    assert (list(state.schedules), state.enabled("photos")) == ([old], [old])


def test_of_several_old_ones_all_are_replaced_or_none(host, state, package):
    for name in ("photos", "second"):
        main(["schedule", package, "--cron", "0 3 * * 1", "--name", name])
    for schedule in state.schedules.values():
        schedule.display_name = "photos"
    olds = list(state.schedules)
    state.failures = {len(state.requests) + ENABLE: Failure(500)}
    assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 1
    assert (list(state.schedules), state.enabled("photos")) == (olds, olds)
    assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 0
    assert len(state.enabled("photos")) == len(state.schedules) == 1


def test_a_schedule_of_another_person_stays(host, state, package):
    """One that is made at the same time, under the same name, is not taken for the new one."""
    create = state.create_schedule

    def create_both(**request):
        theirs = create(**request)
        theirs.description = "theirs"
        create(**request)
        return theirs

    state.create_schedule = create_both
    state.failures = {7: Failure(200, "{", after=True, cut=True)}
    assert main(["schedule", package, "--cron", "0 3 * * 1"]) == 1
    assert [each.description for each in state.schedules.values()] == ["theirs"]


def test_an_old_schedule_that_cannot_be_deleted_is_switched_off(host, state, package, capsys):
    main(["schedule", package, "--cron", "0 3 * * 1"])
    [old] = state.schedules
    first = len(state.requests) + DELETE
    state.failures = {number: Failure(500) for number in range(first, first + replacing.ATTEMPTS)}
    assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 1
    [new] = state.enabled("photos")
    assert new != old
    assert capsys.readouterr().err == (
        "runner_kubeflow.py: error: The new schedule photos is there. The old one, "
        f"{old}, is switched off but could not be deleted; delete it by `runner_kubeflow.py delete "
        f"{old}`.\n"
    )
    assert main(["delete", old]) == 0
    assert list(state.schedules) == [new]


def test_what_cannot_be_taken_back_is_said(host, state, package, capsys):
    main(["schedule", package, "--cron", "0 3 * * 1"])
    [old] = state.schedules
    first = len(state.requests) + ENABLE
    state.failures = {number: Failure(500) for number in range(first, first + 99)}
    assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 1
    [new] = set(state.schedules) - {old}
    assert capsys.readouterr().err == (
        f"runner_kubeflow.py: error: {host} must accept the request. Received: 500 Internal Server "
        "Error. Try again, or look at the log of the API server. The new schedule "
        f"{new} is left; delete it by `runner_kubeflow.py delete {new}`. The old schedule {old} is "
        f"switched off; let it run by `runner_kubeflow.py resume {old}`.\n"
    )
    state.failures = {}
    assert main(["delete", new]) == 0
    assert main(["resume", old]) == 0
    assert state.enabled("photos") == [old]


def test_a_new_one_that_is_left_but_off_does_not_keep_the_old_one_from_running(
    host, state, package, capsys
):
    main(["schedule", package, "--cron", "0 3 * * 1"])
    [old] = state.schedules
    first = len(state.requests) + DISABLE
    state.failures = {
        number: Failure(500, after=number == first) for number in range(first, first + 4)
    }
    assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 1
    [new] = set(state.schedules) - {old}
    assert state.enabled("photos") == [old]
    assert capsys.readouterr().err.endswith(
        f"The new schedule {new} is left; delete it by `runner_kubeflow.py delete {new}`.\n"
    )


class TestRunsOfADeletedSchedule:
    """Fault A2: deleting or replacing a schedule ended its runs."""

    @pytest.fixture
    def running(self, host, state, package) -> str:
        """The schedule of a run that goes on."""
        main(["schedule", package, "--cron", "0 3 * * 1"])
        [schedule] = state.schedules
        state.runs["r"] = kfp.V2beta1Run(run_id="r", recurring_run_id=schedule, state="RUNNING")
        return schedule

    def deletions(self, state) -> list[str]:
        return [path for path in state.paths if path.startswith("DELETE ")]

    def test_delete(self, running, state):
        assert main(["delete", "photos"]) == 0
        assert self.deletions(state) == [
            f"DELETE /apis/v2beta1/recurringruns/{running}?propagation_policy=ORPHAN"
        ]
        assert (state.schedules, state.killed) == ({}, [])

    def test_replace(self, running, state, package):
        assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 0
        assert self.deletions(state) == [
            f"DELETE /apis/v2beta1/recurringruns/{running}?propagation_policy=ORPHAN"
        ]
        assert state.killed == []

    def test_what_is_taken_back(self, running, state, package):
        """Also the new schedule may have begun a run before it is taken back."""
        enable = state.enable_schedule

        def enable_and_begin(schedule, **request):
            state.runs["new"] = kfp.V2beta1Run(
                run_id="new", recurring_run_id=schedule, state="RUNNING"
            )
            return enable(schedule, **request)

        state.enable_schedule = enable_and_begin
        state.failures = {len(state.requests) + ENABLE: Failure(500, after=True)}
        assert main(["schedule", package, "--cron", "0 4 * * 1"]) == 1
        assert list(state.schedules) == state.enabled("photos") == [running]
        assert len(self.deletions(state)) == 1
        assert state.killed == []

    def test_it_is_the_request_that_kubeflow_took(self, running, state):
        calls = (shared_data("kubeflow") / "api.jsonl").read_text().splitlines()
        [taken] = [call for call in map(json.loads, calls) if call["what"] == "delete, orphan"]
        assert taken["status"] == 200
        assert main(["delete", "photos"]) == 0
        theirs = re.sub(r"[0-9a-f-]{36}", running, f"{taken['method']} {taken['path']}")
        assert self.deletions(state) == [theirs]

    @pytest.mark.parametrize("killed_at", [CREATE, DISABLE, ENABLE, DELETE])
    def test_a_client_that_is_killed_midway(self, running, state, package, killed_at):
        """Nothing is taken back then; scheduling again ends in one schedule."""
        first = len(state.requests) + killed_at
        state.failures = {number: Failure(503) for number in range(first, first + 99)}
        main(["schedule", package, "--cron", "0 4 * * 1"])
        state.failures = {}
        assert len(state.enabled("photos")) <= 1
        assert main(["schedule", package, "--cron", "0 5 * * 1"]) == 0
        [left] = state.schedules.values()
        assert left.trigger.cron_schedule.cron == "0 0 5 * * 1"
        assert state.killed == []
        assert state.most_enabled == 1


def rows_of(capsys) -> list[str]:
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_the_list(host, state, package, capsys):
    assert main(["list"]) == 0
    assert capsys.readouterr().out == "There are no schedules.\n"
    for name in ("c", "a", "b\x1b[31m"):
        command = ["schedule", package, "--cron", "0 3 * * 1", "--name", name]
        main([*command, "--start", "2096-12-01"])
    main(["pause", "c"])
    weekly = next(key for key, each in state.schedules.items() if each.display_name == "a")
    for day in (3, 10):
        state.runs[str(day)] = kfp.V2beta1Run(
            recurring_run_id=weekly,
            created_at=datetime.datetime(2025, 11, day, 3, tzinfo=datetime.UTC),
            state="SUCCEEDED",
        )
    capsys.readouterr()
    assert main(["list"]) == 0
    assert rows_of(capsys) == [
        "name cron next run state at once last run",
        "a 0 0 3 * * 1 Mon 2096-12-03 03:00 UTC enabled 1 Mon 2025-11-10 03:00 UTC succeeded",
        "b [31m 0 0 3 * * 1 Mon 2096-12-03 03:00 UTC enabled 1",
        "c 0 0 3 * * 1 disabled 1",
    ]


def test_the_list_of_what_others_made(host, state, package, capsys):
    def add(name: str, **trigger) -> None:
        state.schedules[name] = kfp.V2beta1RecurringRun(
            recurring_run_id=name,
            display_name=name,
            status="ENABLED",
            trigger=kfp.V2beta1Trigger(**trigger),
        )

    start = datetime.datetime(2096, 12, 1, tzinfo=datetime.UTC)
    add("daily", cron_schedule=kfp.V2beta1CronSchedule(cron="@daily"))
    # Kubeflow's reading: minute 3 of every hour on the first of January.
    add("five", cron_schedule=kfp.V2beta1CronSchedule(cron="0 3 * 1 1", start_time=start))
    add("hourly", periodic_schedule=kfp.V2beta1PeriodicSchedule(interval_second="3600"))
    add(
        "over",
        cron_schedule=kfp.V2beta1CronSchedule(
            cron="0 0 3 * * *", end_time=start.replace(year=2020)
        ),
    )
    assert main(["list"]) == 0
    assert rows_of(capsys)[1:] == [
        "daily @daily enabled",
        "five 0 3 * 1 1 Tue 2097-01-01 00:03 UTC enabled",
        "hourly every 3600 s enabled",
        "over 0 0 3 * * * has ended enabled",
    ]


def test_an_unknown_schedule(host, state, package, capsys):
    main(["schedule", package, "--cron", "0 3 * * 1"])
    capsys.readouterr()
    for command in ("pause", "resume", "delete"):
        assert main([command, "photo"]) == 1
        assert capsys.readouterr().err == (
            "runner_kubeflow.py: error: There must be a schedule of that name. Received: photo; "
            "there are: photos. Did you mean 'photos'? Look at `runner_kubeflow.py list`.\n"
        )
    assert len(state.enabled("photos")) == 1


def test_a_name_of_several_schedules(host, state, package, capsys):
    for name in ("photos", "second"):
        main(["schedule", package, "--cron", "0 3 * * 1", "--name", name])
    first, second = state.schedules
    state.schedules[second].display_name = "photos"
    capsys.readouterr()
    assert main(["pause", "photos"]) == 1
    assert capsys.readouterr().err == (
        "runner_kubeflow.py: error: A name must be that of one schedule. Received: photos, of 2: "
        f"{first} (enabled), {second} (enabled). Give the id in the place of the name.\n"
    )
    assert main(["pause", second]) == 0
    assert state.enabled("photos") == [first]
