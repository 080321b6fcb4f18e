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

from pipeline.kubeflow.client import schedule as schedules
from pipeline.kubeflow.client import wait
from pipeline.kubeflow.client.api import Server
from pipeline.kubeflow.client.package import read_package
from pipeline.kubeflow.kubeflow_cli import main
from tests.pipeline.kubeflow.client.conftest import PACKAGE
from tests.pipeline.kubeflow.client.fake_server import Failure
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
REFUSED = {"pusher": "SUCCEEDED", "condition-1": "SUCCEEDED", "modelrefused": "SUCCEEDED"}
VERSION_OF_RUN = {"pipeline_id": "id-1", "pipeline_version_id": "id-2"}
UNAVAILABLE = (
    "must accept the request. Received: 503 Service Unavailable. Try again, or look at the log of "
    "the API server."
)


def interrupt(*_):
    raise KeyboardInterrupt


class TestSubmit:
    def test_it_uploads_once_and_starts_a_run(self, host, state, package, capsys):
        command = ["submit", package, "--run-name", "weekly", "--set", "train_epochs=3"]
        assert main([*command, "--set", 'settings={"train.seed": 7}', "--experiment", "pets"]) == 0
        assert capsys.readouterr().out == (
            f"{VERSION}: uploaded\nRun weekly: {host}/#/runs/details/id-4\n"
        )
        assert [" ".join(request) for request in state.requests] == [
            "GET /pipelines",
            "POST /pipelines",
            "GET /pipelines/id-1/versions",
            "POST /pipelines/upload_version",
            "GET /experiments",
            "POST /experiments",
            "POST /runs",
        ]
        run = state.runs["id-4"]
        assert (run.display_name, run.experiment_id) == ("weekly", "id-3")
        assert run.pipeline_version_reference.to_dict() == VERSION_OF_RUN
        assert run.runtime_config.parameters == {"train_epochs": 3, "settings": {"train.seed": 7}}
        assert main(["submit", package, "--experiment", "pets"]) == 0
        assert capsys.readouterr().out.startswith(f"{VERSION}: on the server already\nRun photos 2")
        assert (len(state.pipelines), len(state.versions), len(state.experiments)) == (1, 1, 1)

    def test_lists_are_read_to_their_end(self, host, state, package):
        state.pipelines = [
            kfp.V2beta1Pipeline(pipeline_id=f"p{n}", name=f"photos{n}") for n in range(5)
        ]
        state.pipelines.append(kfp.V2beta1Pipeline(pipeline_id="mine", display_name="photos"))
        assert main(["submit", package]) == 0
        assert [path for _, path in state.requests[:4]] == ["/pipelines"] * 3 + [
            "/pipelines/mine/versions"
        ]
        assert [query.get("page_token") for query in state.queries[:3]] == [None, ["2"], ["4"]]

    def test_the_namespace_and_the_token_go_with_every_request(
        self, host, state, package, tmp_path, monkeypatch
    ):
        monkeypatch.setenv("KFP_TOKEN", "s3cret")
        assert main(["submit", package, "--namespace", "team"]) == 0
        assert {headers["authorization"] for headers in state.headers} == {"Bearer s3cret"}
        assert state.queries[0]["namespace"] == ["team"]
        assert {each.namespace for each in (*state.pipelines, *state.experiments)} == {"team"}
        monkeypatch.delenv("KFP_TOKEN")
        (tmp_path / "token").write_text("from-file\n")
        monkeypatch.setenv("KFP_TOKEN_FILE", str(tmp_path / "token"))
        assert main(["list"]) == 0
        assert state.headers[-1]["authorization"] == "Bearer from-file"


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
def pauses(monkeypatch) -> list[float]:
    """Nothing waits; the pauses that would have been."""
    pauses: list[float] = []
    monkeypatch.setattr(wait, "sleep", pauses.append)
    monkeypatch.setattr(wait, "monotonic", lambda: sum(pauses))
    return pauses


class TestWaiting:
    @pytest.fixture
    def submit(self, host, state, package, pauses, capsys):
        """Submits and waits; returns the status and what is said after the run's address."""

        def submit(*states, flags=(), failures=()) -> tuple[int, list[str]]:
            state.states_to_come = list(states)
            state.failures = dict(failures)
            status = main(["submit", package, "--wait", *flags])
            shown = capsys.readouterr()
            said = [*shown.out.splitlines()[2:], *shown.err.splitlines()]
            return status, [line.replace(f"{host}/#/runs/details/id-4", "URL") for line in said]

        return submit

    def test_each_change_is_shown_and_the_release_told(self, submit, pauses):
        assert submit(
            run_state("PENDING"),
            run_state("RUNNING", {"trainer": "RUNNING"}),
            run_state("RUNNING", {"trainer": "RUNNING"}),
            run_state("RUNNING", {"trainer(0)": "FAILED"}),
            run_state("SUCCEEDED", {"trainer": "SUCCEEDED", **RELEASED}),
        ) == (
            0,
            [
                "Trainer: running",
                "Trainer: failed",
                "Trainer: succeeded",
                "Pusher: succeeded",
                "The model was released and pushed.",
            ],
        )
        assert pauses == [10.0] * 4

    def test_a_refused_model_has_an_exit_status_of_its_own(self, submit):
        status, lines = submit(run_state("SUCCEEDED", REFUSED))
        assert status == 3
        assert lines[1:] == [
            "ModelRefused: succeeded",
            "The model was refused by the checks. ModelReport's report says why, and index.html on "
            "the volume: URL",
        ]

    @pytest.mark.parametrize(
        "tasks",
        [
            {},
            {"pusher": "SUCCEEDED"},
            {"condition-1": "SKIPPED"},
            {**RELEASED, "pusher": "SKIPPED"},
        ],
    )
    def test_what_is_missing_is_no_release(self, submit, tasks):
        status, lines = submit(run_state("SUCCEEDED", tasks))
        assert (status, lines[-1]) == (
            1,
            "The run succeeded, but the states of Pusher and ModelRefused, which tell whether the "
            "model was released, are not all there: look at URL",
        )

    @pytest.mark.parametrize("state_of_run", ["FAILED", "CANCELED", "SKIPPED"])
    def test_a_failed_run(self, submit, state_of_run):
        failed = run_state(state_of_run, {"trainer": "FAILED", "executor": "FAILED"})
        failed.error = kfp.GoogleRpcStatus(message="out of \x1b[31mmemory")
        status, lines = submit(failed)
        assert (status, lines[-1]) == (
            1,
            f"The run ended as {state_of_run.lower()} in Trainer. out of \\x1b[31mmemory. URL",
        )

    def test_a_passing_trouble_does_not_end_it(self, submit, pauses, host):
        failures = {7: Failure(503), 8: Failure(502), 9: Failure(200, "{", cut=True)}
        status, lines = submit(run_state("SUCCEEDED", RELEASED), failures=failures)
        assert (status, pauses) == (0, [1.0, 2.0, 4.0])
        assert lines[0] == f"No answer, asking again in 1 s (1 of 10): {host} {UNAVAILABLE}"

    def test_a_lasting_trouble_does(self, submit, pauses, host):
        failures = {number: Failure(503) for number in range(7, 30)}
        status, lines = submit(failures=failures)
        assert (status, pauses) == (1, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0])
        assert lines[-1].endswith(f"{UNAVAILABLE} The run is not stopped; look at it: URL")

    def test_the_time_out_counts_while_nobody_answers(self, submit, pauses):
        failures = {number: Failure(503) for number in range(7, 30)}
        assert submit(failures=failures, flags=["--time-out", "5"])[0] == 1
        assert pauses == [1.0, 2.0, 2.0]

    def test_a_refusal_ends_it_at_once(self, submit, pauses):
        status, lines = submit(failures={7: Failure(401)})
        assert (status, pauses) == (1, [])
        assert "Give a valid token in KFP_TOKEN or KFP_TOKEN_FILE. The run is not" in lines[-1]

    def test_giving_up_names_the_run_that_goes_on(self, submit, pauses):
        running = [run_state("RUNNING") for _ in range(5)]
        assert submit(*running, flags=["--time-out", "25"]) == (
            1,
            [
                "runner_kubeflow.py: error: The run must end within 25 seconds, as --time-out "
                "says. Received: a run that has not. The run is not stopped; look at it: URL"
            ],
        )
        assert pauses == [10.0, 10.0, 5.0]

    def test_an_interruption_leaves_the_run_alone(self, submit, monkeypatch):
        monkeypatch.setattr(wait, "wait_for_run", interrupt)
        assert submit() == (130, ["Not waiting any longer; the run continues: URL"])


class TestATaskThatWasKilled:
    """Fault A10: a pod killed for memory was "failed in Trainer", and nothing else."""

    @pytest.fixture
    def wait_for(self, host, state, pauses, tmp_path, capsys):
        """Waits for a run that failed as Argo's nodes tell it; returns the last lines."""

        def wait_for(seconds: int, **others: str) -> list[str]:
            package = tmp_path / "photos.yaml"
            package.write_text(PACKAGE_WITH_LIMITS)
            began = datetime.datetime(2026, 11, 29, 3, 0, tzinfo=datetime.UTC)
            ended = began + datetime.timedelta(seconds=seconds)
            failed = run_state("FAILED", {"trainer": "FAILED", **others})
            children = [
                kfp.PipelineTaskDetailChildTask(pod_name=f"p-{number}") for number in range(3)
            ]
            times = {"state": "FAILED", "start_time": began}
            detail = kfp.V2beta1PipelineTaskDetail
            failed.run_details.task_details += [
                detail(display_name="executor", state="FAILED", child_tasks=children),
                # Of another step, whose next attempt did well.
                detail(display_name="executor(0)", end_time=began, **times),
                detail(display_name="executor(2)", end_time=ended, **times),
            ]
            state.states_to_come = [failed]
            assert main(["submit", str(package), "--wait"]) == 1
            lines = capsys.readouterr().out.splitlines()
            return lines[[line.startswith("The run ended") for line in lines].index(True) :]

        return wait_for

    def test_memory(self, host, wait_for):
        assert wait_for(412) == [
            f"The run ended as failed in Trainer. {host}/#/runs/details/id-4",
            "Trainer: 3 attempts failed; the last took 412 s. If the log of its pod ends without "
            "a line that says why, the pod was killed, most likely for memory (its limit is 8Gi): "
            "give kubeflow.steps.Trainer.memory more. Each attempt leaves a record in the folder "
            "of the run, in attempts/.",
        ]

    def test_a_time_out(self, wait_for):
        assert wait_for(28_803)[1] == (
            "Trainer: 3 attempts failed; the last took 28,803 s, and its time-out is 28,800 s: "
            "give kubeflow.steps.Trainer.attempt_timeout_seconds more."
        )

    def test_the_limits_of_a_file_that_kubeflow_took(self):
        recorded = shared_data("kubeflow") / "pods" / "as_compiled" / "pipeline.yaml"
        limits = read_package(str(recorded)).limits
        assert limits["trainer"] == ("8Gi", 28_800)
        assert limits["pusher"].seconds == 0

    def test_several_tasks_failed(self, wait_for):
        """Kubeflow does not tell which pod was whose, so that nothing is guessed."""
        lines = wait_for(28_803, pusher="FAILED")
        assert [line[:20] for line in lines[1:]] == ["Trainer: it failed. ", "Pusher: it failed. I"]
        assert "(it has no limit of its own)" in lines[2]


WEEKLY = ["--cron", "0 3 * * 1"]


class TestSchedule:
    def test_what_is_made_and_shown(self, host, state, package, capsys):
        command = ["schedule", package, *WEEKLY, "--set", "train_epochs=3", "--namespace", "team"]
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
        # Its namespace is that of the experiment; a server of one user refuses any.
        assert (made.namespace, made.experiment_id) == (None, "id-3")
        assert state.experiments[0].namespace == "team"
        assert cron.start_time.isoformat() == "2096-12-01T00:00:00+00:00"
        assert cron.end_time.isoformat() == "2097-11-30T23:00:00+00:00"
        assert made.runtime_config.parameters == {"train_epochs": 3}
        assert made.pipeline_version_reference.to_dict() == VERSION_OF_RUN

    def test_a_preview_in_two_zones(self, host, state, package, capsys, monkeypatch):
        monkeypatch.setenv("KFP_CRON_TIME_ZONE", "Europe/Berlin")
        monkeypatch.delenv("KFP_HOST")
        command = ["schedule", package, "--preview", "--start"]
        assert main([*command, "2097-03-20", "--end", "2097-04-08", "--cron", "30 0 3 * * 0"]) == 0
        # The clocks go forward on the 31st, from 2 to 3.
        assert capsys.readouterr().out == (
            "The next runs, in Europe/Berlin and in UTC:\n"
            "  Sun 2097-03-24 03:00:30 CET   Sun 2097-03-24 02:00:30 UTC\n"
            "  Sun 2097-03-31 03:00:30 CEST   Sun 2097-03-31 01:00:30 UTC\n"
            "  Sun 2097-04-07 03:00:30 CEST   Sun 2097-04-07 01:00:30 UTC\n"
        )
        # An hour that does not exist, and one that comes twice.
        for start, days in (("2097-03-30", ["30", "01"]), ("2097-10-27", ["27", "27"])):
            assert main([*command, start, "--cron", "30 2 * * *"]) == 0
            lines = capsys.readouterr().out.splitlines()[2:]
            assert [line.split()[1][-2:] for line in lines[:2]] == days
        monkeypatch.delenv("KFP_CRON_TIME_ZONE")
        tokyo = ["--cron", "0 0 18 * * 0", "--show-in", "Asia/Tokyo"]
        assert main([*command, "2096-12-01T00:00", *tokyo]) == 0
        assert capsys.readouterr().out.splitlines()[:2] == [
            "The next runs, in UTC and in Asia/Tokyo:",
            "  Sun 2096-12-02 18:00 UTC   Mon 2096-12-03 03:00 JST",
        ]
        assert state.requests == []

    def test_a_paused_schedule_stays_paused(self, host, state, package, capsys):
        main(["schedule", package, *WEEKLY])
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
            "meanwhile.\nSchedule photos: deleted. No current run is ended, and all stay in "
            "the list of runs. Kubeflow removes the pods and logs of each some time after its end, "
            "by default a day; what explains it stays on the volume, in the folder of the run and "
            "in index.html.\n"
        )


class TestDecisionsOfOneRun:
    """Fault A8: a push is forced for one run, at submit, and by no schedule, whoever made it."""

    def test_submit_takes_them(self, host, state, package):
        text = pathlib.Path(package).read_text()
        text = text.replace("dry:", "force_push:").replace("BOOLEAN", "STRING")
        pathlib.Path(package).write_text(text)
        assert main(["submit", package, "--set", "force_push=the old one is broken"]) == 0
        [run] = state.runs.values()
        assert run.runtime_config.parameters == {"force_push": "the old one is broken"}

    def test_a_schedule_that_has_them_is_not_resumed(self, host, state, package, capsys):
        main(["schedule", package, *WEEKLY])
        main(["pause", "photos"])
        [made] = state.schedules.values()
        made.runtime_config.parameters["force_push"] = "broken"
        assert main(["resume", "photos"]) == 2
        assert "Received: the schedule photos with force_push, for" in capsys.readouterr().err
        assert state.enabled("photos") == []


# The requests of a second `schedule`: four lists, then those that change something.
CREATE, DISABLE, ENABLE, DELETE = 4, 5, 6, 7


class TestReplacing:
    """Whatever fails, no two schedules run, and the old one runs on or it is said."""

    @pytest.fixture
    def old(self, host, state, package) -> str:
        """The schedule that is there already."""
        main(["schedule", package, *WEEKLY])
        [old] = state.schedules
        return old

    @pytest.fixture
    def again(self, old, state, package, capsys):
        """Schedules again while requests fail, by their numbers; returns the status and error."""

        def again(
            failures: Mapping[int, Failure] = MappingProxyType({}), most: int = 1
        ) -> tuple[int, str]:
            first = len(state.requests)
            state.failures = {first + number: each for number, each in failures.items()}
            status = main(["schedule", package, "--cron", "0 4 * * 1"])
            state.failures = {}
            assert state.most_enabled <= most
            return status, capsys.readouterr().err.removeprefix("runner_kubeflow.py: error: ")

        return again

    def test_all_goes_well(self, old, again, state):
        assert again() == (0, "")
        [new] = state.schedules
        assert new != old
        assert state.enabled("photos") == [new]
        assert state.requests[-4:] == [
            ("POST", "/recurringruns"),
            ("POST", f"/recurringruns/{old}:disable"),
            ("POST", f"/recurringruns/{new}:enable"),
            ("DELETE", f"/recurringruns/{old}"),
        ]

    @pytest.mark.parametrize("after", [False, True], ids=["refused", "done, the answer is lost"])
    @pytest.mark.parametrize("number", [0, 1, 2, 3, CREATE, DISABLE, ENABLE])
    def test_a_failure_leaves_the_old_one_as_it_was(self, old, again, state, number, after):
        status, error = again({number: Failure(200, "{", after=after, cut=True)})
        assert status == 1
        assert (list(state.schedules), state.enabled("photos")) == ([old], [old])
        assert "must be reachable and answer in full" in error
        assert "is left" not in error
        assert "disabled" not in error

    @pytest.mark.parametrize("second", range(1, 6))
    @pytest.mark.parametrize("number", [CREATE, DISABLE, ENABLE])
    def test_two_failures_are_survived_as_well(self, old, again, state, number, second):
        failures = {number: Failure(500, after=True), number + second: Failure(503)}
        assert again(failures)[0] == 1
        assert (list(state.schedules), state.enabled("photos")) == ([old], [old])

    def test_an_interruption_is_taken_back(self, old, again, state, monkeypatch):
        monkeypatch.setattr(Server, "disable_recurring_run", interrupt)
        assert again()[0] == 130
        assert (list(state.schedules), state.enabled("photos")) == ([old], [old])

    def test_of_several_old_ones_all_are_replaced_or_none(self, old, again, state, package):
        main(["schedule", package, *WEEKLY, "--name", "second"])
        for each in state.schedules.values():
            each.display_name = "photos"
        olds = list(state.schedules)
        assert again({ENABLE: Failure(500)}, most=2)[0] == 1
        assert (list(state.schedules), state.enabled("photos")) == (olds, olds)
        assert again(most=2)[0] == 0
        assert len(state.enabled("photos")) == len(state.schedules) == 1

    def test_one_of_another_person_stays(self, host, state, package):
        """One that is made at the same time, under the same name, is not taken for the new one."""
        create = state.create_schedule

        def create_both(**request):
            theirs = create(**request)
            theirs.description = "theirs"
            create(**request)
            return theirs

        state.create_schedule = create_both
        state.failures = {7: Failure(200, "{", after=True, cut=True)}
        assert main(["schedule", package, *WEEKLY]) == 1
        assert [each.description for each in state.schedules.values()] == ["theirs"]

    def test_an_old_one_that_cannot_be_deleted_is_switched_off(self, old, again, state):
        failures = {DELETE + number: Failure(500) for number in range(schedules.ATTEMPTS)}
        status, error = again(failures)
        [new] = state.enabled("photos")
        assert new != old
        assert (status, error) == (
            1,
            f"The new schedule photos is there. The old one, {old}, is disabled but could not "
            f"be deleted; delete it by `runner_kubeflow.py delete {old}`.\n",
        )
        assert main(["delete", old]) == 0
        assert list(state.schedules) == [new]

    def test_what_cannot_be_taken_back_is_said(self, old, again, state, host):
        status, error = again({ENABLE + number: Failure(500) for number in range(99)})
        [new] = set(state.schedules) - {old}
        assert (status, error) == (
            1,
            f"{host} must accept the request. Received: 500 Internal Server Error. Try again, or "
            f"look at the log of the API server. The new schedule {new} is left; delete it by "
            f"`runner_kubeflow.py delete {new}`. The old schedule {old} is disabled; let it "
            f"run by `runner_kubeflow.py resume {old}`.\n",
        )
        assert main(["delete", new]) == 0
        assert main(["resume", old]) == 0
        assert state.enabled("photos") == [old]

    def test_a_new_one_that_is_left_but_off_does_not_keep_the_old_one_from_running(
        self, old, again, state
    ):
        failures = {DISABLE + n: Failure(500, after=n == 0) for n in range(4)}
        status, error = again(failures)
        [new] = set(state.schedules) - {old}
        assert state.enabled("photos") == [old]
        assert status == 1
        assert error.endswith(
            f"The new schedule {new} is left; delete it by `runner_kubeflow.py delete {new}`.\n"
        )

    @pytest.mark.parametrize("killed_at", [CREATE, DISABLE, ENABLE, DELETE])
    def test_a_client_that_is_killed_midway(self, old, again, state, package, killed_at):
        """Nothing is taken back then; scheduling again ends in one schedule."""
        again({killed_at + number: Failure(503) for number in range(99)})
        assert len(state.enabled("photos")) <= 1
        assert main(["schedule", package, "--cron", "0 5 * * 1"]) == 0
        [left] = state.schedules.values()
        assert left.trigger.cron_schedule.cron == "0 0 5 * * 1"
        assert state.most_enabled == 1


class TestRunsOfADeletedSchedule:
    """Fault A2: deleting or replacing a schedule ended its runs."""

    @pytest.fixture
    def running(self, host, state, package) -> str:
        """The schedule of a run that goes on."""
        main(["schedule", package, *WEEKLY])
        [schedule] = state.schedules
        state.runs["r"] = kfp.V2beta1Run(run_id="r", recurring_run_id=schedule, state="RUNNING")
        return schedule

    def deletions(self, state) -> list[str]:
        return [path for path in state.paths if path.startswith("DELETE ")]

    @pytest.mark.parametrize("by", ["delete", "replace"])
    def test_they_go_on(self, running, state, package, by):
        """By the request that Kubeflow took."""
        calls = (shared_data("kubeflow") / "api.jsonl").read_text().splitlines()
        [taken] = [call for call in map(json.loads, calls) if call["what"] == "delete, orphan"]
        assert taken["status"] == 200
        replace = ["schedule", package, "--cron", "0 4 * * 1"]
        assert main(replace if by == "replace" else ["delete", "photos"]) == 0
        theirs = re.sub(r"[0-9a-f-]{36}", running, f"{taken['method']} {taken['path']}")
        assert self.deletions(state) == [theirs]
        assert theirs.endswith(f"{running}?propagation_policy=ORPHAN")
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


class TestTheList:
    @pytest.fixture
    def rows(self, host, capsys):
        def rows() -> list[str]:
            capsys.readouterr()
            assert main(["list"]) == 0
            return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

        return rows

    def test_of_ours(self, rows, state, package):
        assert rows() == ["There are no schedules."]
        for name in ("c", "a", "b\x1b[31m"):
            main(["schedule", package, *WEEKLY, "--name", name, "--start", "2096-12-01"])
        main(["pause", "c"])
        weekly = next(key for key, each in state.schedules.items() if each.display_name == "a")
        for day in (3, 10):
            state.runs[str(day)] = kfp.V2beta1Run(
                recurring_run_id=weekly,
                created_at=datetime.datetime(2025, 11, day, 3, tzinfo=datetime.UTC),
                state="SUCCEEDED",
            )
        assert rows() == [
            "name cron next run state max concurrency last run",
            "a 0 0 3 * * 1 Mon 2096-12-03 03:00 UTC enabled 1 Mon 2025-11-10 03:00 UTC succeeded",
            "b\\x1b[31m 0 0 3 * * 1 Mon 2096-12-03 03:00 UTC enabled 1",
            "c 0 0 3 * * 1 disabled 1",
        ]

    def test_of_what_others_made(self, rows, state):
        def add(name: str, **trigger) -> None:
            state.schedules[name] = kfp.V2beta1RecurringRun(
                recurring_run_id=name,
                display_name=name,
                status="ENABLED",
                trigger=kfp.V2beta1Trigger(**trigger),
            )

        cron = kfp.V2beta1CronSchedule
        start = datetime.datetime(2096, 12, 1, tzinfo=datetime.UTC)
        add("daily", cron_schedule=cron(cron="@daily"))
        # Kubeflow's reading: minute 3 of every hour on the first of January.
        add("five", cron_schedule=cron(cron="0 3 * 1 1", start_time=start))
        add("hourly", periodic_schedule=kfp.V2beta1PeriodicSchedule(interval_second="3600"))
        add("over", cron_schedule=cron(cron="0 0 3 * * *", end_time=start.replace(year=2020)))
        assert rows()[1:] == [
            "daily @daily enabled",
            "five 0 3 * 1 1 Tue 2097-01-01 00:03 UTC enabled",
            "hourly every 3600 s enabled",
            "over 0 0 3 * * * has ended enabled",
        ]


def test_the_name_of_no_schedule_and_of_several(host, state, package, capsys):
    for name in ("photos", "second"):
        main(["schedule", package, *WEEKLY, "--name", name])
    capsys.readouterr()
    for command in ("pause", "resume", "delete"):
        assert main([command, "photo"]) == 1
        assert capsys.readouterr().err == (
            "runner_kubeflow.py: error: There must be a schedule of that name. Received: photo; "
            "there are: photos, second. Did you mean 'photos'? Look at `runner_kubeflow.py list`.\n"
        )
    first, second = state.schedules
    assert len(state.enabled("photos")) == 1
    state.schedules[second].display_name = "photos"
    assert main(["pause", "photos"]) == 1
    assert capsys.readouterr().err == (
        "runner_kubeflow.py: error: A name must be that of one schedule. Received: photos, of 2: "
        f"{first} (enabled), {second} (enabled). Give the id in the place of the name.\n"
    )
    assert main(["pause", second]) == 0
    assert state.enabled("photos") == [first]
