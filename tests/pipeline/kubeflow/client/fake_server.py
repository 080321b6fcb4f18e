"""A server that implements the calls of KFP's API v2beta1 that are used here, in memory.

What comes in and goes out has the forms of KFP's published client: each request is read into its
model, each answer written from one, so that a field that does not exist there fails the test.
"""

import email
import http.server
import itertools
import json
import re
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import kfp_server_api as kfp

ROOT = "/apis/v2beta1"
CLIENT = kfp.ApiClient()


class Body:
    """What the client's deserializer wants of an answer."""

    def __init__(self, text: str):
        self.data = text


def read(body: bytes, kind: str) -> Any:
    """A request as the client's model; what the model does not have is an error."""
    model = CLIENT.deserialize(Body(body.decode()), kind)
    assert json.loads(to_json(model)).keys() == json.loads(body).keys()
    return model


def to_json(model: Any) -> bytes:
    return json.dumps(CLIENT.sanitize_for_serialization(model)).encode()


class Failure:
    """What a request is answered with instead.

    status, body   HTTP's
    after          whether the request is carried out nevertheless
    cut            whether the answer ends in the middle
    headers        further ones of HTTP
    """

    def __init__(
        self,
        status: int = 500,
        body: str | bytes = "{}",
        after: bool = False,
        cut: bool = False,
        headers: Mapping[str, str] = MappingProxyType({}),
    ):
        self.status, self.body, self.after, self.cut = status, body, after, cut
        self.headers = headers


class FakeServer:
    """The state of the server, and what it is to do wrong."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.pipelines: list[kfp.V2beta1Pipeline] = []
        self.versions: list[kfp.V2beta1PipelineVersion] = []
        self.experiments: list[kfp.V2beta1Experiment] = []
        self.runs: dict[str, kfp.V2beta1Run] = {}
        self.states_to_come: list[kfp.V2beta1Run] = []
        self.schedules: dict[str, kfp.V2beta1RecurringRun] = {}
        self.requests: list[tuple[str, str]] = []
        self.paths: list[str] = []
        """Method, path and query, as they came."""
        self.headers: list[dict[str, str]] = []
        self.queries: list[dict[str, list[str]]] = []
        self.failures: dict[int, Failure] = {}
        """By the number of the request, from 0."""
        self.most_enabled = 0
        """How many schedules of one name were ever enabled at the same time."""
        self.killed: list[str] = []
        """Runs whose workflow went with their schedule."""
        self.page_size = 2

    def enabled(self, name: str) -> list[str]:
        return [
            schedule.recurring_run_id
            for schedule in self.schedules.values()
            if schedule.display_name == name and schedule.status == "ENABLED"
        ]

    def new_id(self) -> str:
        return f"id-{next(self.numbers)}"

    def page(self, found: list[Any], query: dict[str, list[str]]) -> tuple[list[Any], str | None]:
        start = int(query.get("page_token", ["0"])[0] or 0)
        end = start + self.page_size
        return found[start:end], str(end) if end < len(found) else None

    # One method a call, named after the client's.

    def list_pipelines(self, query: Any, **_: Any) -> Any:
        page, token = self.page(self.pipelines, query)
        return kfp.V2beta1ListPipelinesResponse(pipelines=page, next_page_token=token)

    def list_versions(self, query: Any, pipeline: str, **_: Any) -> Any:
        found = [each for each in self.versions if each.pipeline_id == pipeline]
        page, token = self.page(found, query)
        return kfp.V2beta1ListPipelineVersionsResponse(
            pipeline_versions=page, next_page_token=token
        )

    def create_pipeline(self, body: bytes, **_: Any) -> Any:
        made = read(body, "V2beta1Pipeline")
        made.pipeline_id = self.new_id()
        self.pipelines.append(made)
        return made

    def upload_version(self, query: Any, body: bytes, **_: Any) -> Any:
        assert b"pipelineInfo" in body
        version = kfp.V2beta1PipelineVersion(
            pipeline_id=query["pipelineid"][0],
            pipeline_version_id=self.new_id(),
            name=query["name"][0],
        )
        self.versions.append(version)
        return version

    def list_experiments(self, query: Any, **_: Any) -> Any:
        [predicate] = json.loads(query["filter"][0])["predicates"]
        assert (predicate["operation"], predicate["key"]) == (1, "display_name")
        found = [each for each in self.experiments if each.display_name == predicate["stringValue"]]
        page, token = self.page(found, query)
        return kfp.V2beta1ListExperimentsResponse(experiments=page, next_page_token=token)

    def create_experiment(self, body: bytes, **_: Any) -> Any:
        made = read(body, "V2beta1Experiment")
        made.experiment_id = self.new_id()
        self.experiments.append(made)
        return made

    def create_run(self, body: bytes, **_: Any) -> Any:
        made = read(body, "V2beta1Run")
        made.run_id = self.new_id()
        self.runs[made.run_id] = made
        return made

    def list_runs(self, query: Any, **_: Any) -> Any:
        wanted = read(query["filter"][0].encode(), "V2beta1Filter")
        [predicate] = wanted.predicates
        assert (predicate.operation, predicate.key) == ("EQUALS", "recurring_run_id")
        assert (query["sort_by"], query["page_size"]) == (["created_at desc"], ["1"])
        found = [
            run for run in self.runs.values() if run.recurring_run_id == predicate.string_value
        ]
        newest = sorted(found, key=lambda run: run.created_at)[-1:]
        return kfp.V2beta1ListRunsResponse(runs=newest)

    def get_run(self, run: str, **_: Any) -> Any:
        if self.states_to_come:
            self.runs[run] = self.states_to_come.pop(0)
        return self.runs[run]

    def list_schedules(self, query: Any, **_: Any) -> Any:
        page, token = self.page(list(self.schedules.values()), query)
        return kfp.V2beta1ListRecurringRunsResponse(recurring_runs=page, next_page_token=token)

    def create_schedule(self, body: bytes, **_: Any) -> Any:
        made = read(body, "V2beta1RecurringRun")
        made.recurring_run_id = self.new_id()
        made.status = "ENABLED" if made.mode == "ENABLE" else "DISABLED"
        self.schedules[made.recurring_run_id] = made
        return made

    def enable_schedule(self, schedule: str, **_: Any) -> Any:
        self.schedules[schedule].status = "ENABLED"
        name = self.schedules[schedule].display_name
        self.most_enabled = max(self.most_enabled, len(self.enabled(name)))
        return {}

    def disable_schedule(self, schedule: str, **_: Any) -> Any:
        self.schedules[schedule].status = "DISABLED"
        return {}

    def delete_schedule(self, query: Any, schedule: str, **_: Any) -> Any:
        del self.schedules[schedule]
        # Seen on a cluster: any other policy ends the workflow, and Kubeflow does not notice.
        if query != {"propagation_policy": ["ORPHAN"]}:
            self.killed += [
                run.run_id for run in self.runs.values() if run.recurring_run_id == schedule
            ]
        return {}

    def routes(self) -> Iterator[tuple[str, str, Callable[..., Any]]]:
        yield "GET", "/pipelines", self.list_pipelines
        yield "GET", "/pipelines/(?P<pipeline>[^/]+)/versions", self.list_versions
        yield "POST", "/pipelines", self.create_pipeline
        yield "POST", "/pipelines/upload_version", self.upload_version
        yield "GET", "/experiments", self.list_experiments
        yield "POST", "/experiments", self.create_experiment
        yield "POST", "/runs", self.create_run
        yield "GET", "/runs", self.list_runs
        yield "GET", "/runs/(?P<run>[^/]+)", self.get_run
        yield "GET", "/recurringruns", self.list_schedules
        yield "POST", "/recurringruns", self.create_schedule
        yield "POST", "/recurringruns/(?P<schedule>[^/:]+):enable", self.enable_schedule
        yield "POST", "/recurringruns/(?P<schedule>[^/:]+):disable", self.disable_schedule
        yield "DELETE", "/recurringruns/(?P<schedule>[^/:]+)", self.delete_schedule

    def answer(
        self, method: str, path: str, body: bytes, headers: email.message.Message
    ) -> Failure:
        """The status and body of an answer."""
        url = urllib.parse.urlparse(path)
        number = len(self.requests)
        self.paths.append(f"{method} {path}")
        self.requests.append((method, url.path.removeprefix(ROOT)))
        self.queries.append(urllib.parse.parse_qs(url.query))
        self.headers.append(dict(headers.items()))
        failure = self.failures.get(number)
        if failure is not None and not failure.after:
            return failure
        for wanted, pattern, function in self.routes():
            found = re.fullmatch(ROOT + pattern, url.path)
            if method == wanted and found:
                if found.groupdict().get("schedule", "") not in ("", *self.schedules):
                    return Failure(404, json.dumps({"message": "no such schedule"}))
                made = function(query=self.queries[-1], body=body, **found.groupdict())
                return failure or Failure(200, to_json(made).decode())
        return Failure(404, json.dumps({"message": f"no such call: {method} {path}"}))


class Handler(http.server.BaseHTTPRequestHandler):
    state: FakeServer

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.state.answer(self.command, self.path, body, self.headers)
        data = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) + (10 if answer.cut else 0)))
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True

    do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def serve(
    state: FakeServer, tls: ssl.SSLContext | None = None
) -> tuple[http.server.ThreadingHTTPServer, str]:
    """Starts the server in a thread; returns it and its address."""
    handler = type("StatefulHandler", (Handler,), {"state": state})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server, f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
