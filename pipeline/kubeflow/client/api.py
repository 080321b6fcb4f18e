"""KFP's client, with a time-out for each request and a sentence for each failure."""

import contextlib
import io
import json
import os
import ssl
import urllib.parse
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import kfp
import kfp_server_api
import urllib3

from components.config_checks import ConfigurationError
from components.text import escape_unprintable
from pipeline.kubeflow.client import errors
from pipeline.kubeflow.client.errors import CA_FILE, TOKEN, TOKEN_FILE, ServerError
from pipeline.kubeflow.client.package import Package

SECONDS = 30.0
"""The longest wait for an answer."""
PAGE = 100
HOST, NAMESPACE = "KFP_HOST", "KFP_NAMESPACE"
ORPHAN = "ORPHAN"
"""What becomes of a deleted schedule's runs: they stay. Kubernetes' own way ends those that go on,
since Argo's workflows belong to their schedule; Kubeflow then shows them as running for ever."""


class Server(kfp.Client):
    """A server of Kubeflow Pipelines.

    All requests raise `ServerError`. Other than KFP's own client this one has time-outs, repeats
    nothing, follows no redirection, since the token is for this host alone, deletes no runs with
    their schedule, and is made without a request, a log-in, or a file of the user's.
    """

    def __init__(self, host: str, namespace: str = "", token: str = "", authorities: str = ""):
        """Sends nothing yet.

        Args:
            host: Address of the API.
            namespace: Of runs, schedules and experiments; empty where there is but one.
            token: Never to be shown.
            authorities: File of the certificates to trust; empty for those that everybody does.
        """
        self._configuration = kfp_server_api.Configuration(host)
        self._configuration.retries = False
        self._configuration.ssl_ca_cert = authorities or None
        if token:
            self._configuration.api_key["authorization"] = token
            self._configuration.api_key_prefix["authorization"] = "Bearer"
        with warnings.catch_warnings():
            # That it is no client of KFP 1.
            warnings.simplefilter("ignore", FutureWarning)
            super().__init__(host)
        self._context_setting["namespace"] = namespace
        transport = _Transport(self._configuration, token)
        for service in (
            self._experiment_api,
            self._pipelines_api,
            self._recurring_run_api,
            self._run_api,
            self._upload_api,
        ):
            service.api_client = transport

    @property
    def namespace(self) -> str | None:
        """Of runs, schedules and experiments; None where there is but one."""
        return self.get_user_namespace() or None

    def url_of_run(self, run_id: str) -> str:
        """Where people look at a run."""
        return f"{self._get_url_prefix()}/#/runs/details/{run_id}"

    def create_pipeline(self, name: str) -> str:
        """Makes a pipeline without a version, and returns its id.

        KFP's client has but `upload_pipeline`, which names the first version after the pipeline.
        """
        wanted = kfp_server_api.V2beta1Pipeline(
            name=name, display_name=name, namespace=self.namespace
        )
        return str(self._pipelines_api.pipeline_service_create_pipeline(wanted).pipeline_id)

    def delete_recurring_run(self, recurring_run_id: str) -> None:
        """Deletes a schedule and none of its runs; that it is gone already is no error."""
        delete = self._recurring_run_api.recurring_run_service_delete_recurring_run
        try:
            delete(recurring_run_id, propagation_policy=ORPHAN)
        except ServerError as error:
            if error.status != 404:
                raise

    def get_kfp_healthz(self, sleep_duration: int = 5) -> Any:
        """What KFP's client asks when it is made, up to five times, to guess a namespace."""
        del sleep_duration
        return kfp_server_api.V2beta1GetHealthzResponse(multi_user=False)

    def _load_config(self, *_: Any) -> kfp_server_api.Configuration:
        """KFP's client would try log-ins of Google's, and kubectl's configuration."""
        return self._configuration

    def _load_context_setting_or_default(self) -> None:
        """KFP's client reads ~/.config/kfp/context.json, which other programs may have written."""
        self._context_setting = {"namespace": ""}


class _Transport(kfp_server_api.ApiClient):
    """What makes each request."""

    def __init__(self, configuration: kfp_server_api.Configuration, token: str):
        super().__init__(configuration)
        self._token = token
        self.last_response: Any = None

    def call_api(self, *arguments: Any, **settings: Any) -> Any:
        host = self.configuration.host
        self.last_response = None
        # The client takes a pair, and silently ignores a single float.
        settings["_request_timeout"] = (SECONDS, SECONDS)
        try:
            answer = super().call_api(*arguments, **settings)
            # It makes an empty answer of what is none, such as a page to log in on.
            if not isinstance(json.loads(self.last_response.data), dict):
                raise TypeError
            return answer
        except kfp_server_api.ApiException as error:
            raise errors.refused(host, error, self._token) from error
        except urllib3.exceptions.HTTPError as error:
            raise errors.unreachable(host, error, SECONDS) from error
        # What the client raises of an answer that has another form.
        except (ValueError, TypeError, AttributeError) as error:
            # Also of a refusal without a text, such as a certificate that is not trusted.
            if isinstance(error.__context__, kfp_server_api.ApiException):
                raise errors.refused(host, error.__context__, self._token) from error
            body = getattr(self.last_response, "data", None)
            raise errors.unreadable(host, body) from error


class Uploaded(NamedTuple):
    """A version of a pipeline on a server, as runs name it, and whether it was not there before."""

    ids: dict[str, str]
    is_new: bool


def pages(call: Callable[..., Any], field: str, **settings: Any) -> Iterator[Any]:
    """All of a list, page by page.

    Args:
        call: A method of `Server` that lists something.
        field: Where an answer has its page.
        **settings: Arguments of the method.
    """
    token = ""
    while True:
        answer = call(page_token=token, page_size=PAGE, **settings)
        yield from getattr(answer, field) or []
        token = answer.next_page_token or ""
        if not token:
            return


def upload(server: Server, package: Package) -> Uploaded:
    """Makes sure that a pipeline is on the server in this version."""
    found = pages(server.list_pipelines, "pipelines", namespace=server.namespace)
    known = (each.pipeline_id for each in found if package.name in (each.name, each.display_name))
    pipeline = next(known, None) or server.create_pipeline(package.name)
    versions = pages(server.list_pipeline_versions, "pipeline_versions", pipeline_id=pipeline)
    same = (each for each in versions if package.version in (each.name, each.display_name))
    version = next(same, None)
    if is_new := version is None:
        with quiet():
            version = server.upload_pipeline_version(package.path, package.version, pipeline)
    ids = {"pipeline_id": pipeline, "version_id": version.pipeline_version_id}
    return Uploaded(ids, is_new)


def find_experiment(server: Server, name: str) -> str:
    """The id of an experiment, which is made where it is missing."""
    with quiet():
        return str(server.create_experiment(name, namespace=server.namespace).experiment_id)


def quiet() -> contextlib.AbstractContextManager[object]:
    """A context for those calls of KFP's client that print a line of their own."""
    return contextlib.redirect_stdout(io.StringIO())


def connect(host: str, namespace: str = "", environment: Mapping[str, str] = os.environ) -> Server:
    """Prepares a connection; nothing is sent yet.

    Args:
        host: Address; empty for that of the environment, KFP_HOST.
        namespace: Likewise, KFP_NAMESPACE.
        environment: With the token, KFP_TOKEN or KFP_TOKEN_FILE, and KFP_CA_FILE.

    Raises:
        ConfigurationError: There is no address, or a file or the token cannot be used.
    """
    host = _address(host or environment.get(HOST, ""))
    token = _token(environment)
    authorities = _authorities(environment.get(CA_FILE, ""))
    return Server(host, namespace or environment.get(NAMESPACE, ""), token, authorities)


def _address(host: str) -> str:
    parts = urllib.parse.urlsplit(host)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            "The address of Kubeflow Pipelines must be given, such as "
            "https://kubeflow.example.com/pipeline. Received: "
            f"{escape_unprintable(host) or 'none'}. Give --host or {HOST}."
        )
    if "@" in parts.netloc:
        raise ConfigurationError(
            "The address of Kubeflow Pipelines must be without a user and a password. Received: "
            f"one with them, for {parts.hostname}. Give a token in {TOKEN} or {TOKEN_FILE}."
        )
    return host.rstrip("/")


def _token(environment: Mapping[str, str]) -> str:
    """The token; what is wrong with it is said without it."""
    token = (environment.get(TOKEN) or _read(environment.get(TOKEN_FILE, ""))).strip()
    if not (token.isascii() and (token.isprintable() or not token)):
        raise ConfigurationError(
            f"The token in {TOKEN} or {TOKEN_FILE} must be one line of ASCII. Received: "
            f"{len(token)} characters that are not. Copy it again."
        )
    return token


def _read(path: str) -> str:
    if not path:
        return ""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{TOKEN_FILE} must name a file with the token. Received: {path}: "
            f"{getattr(error, 'strerror', None) or 'not text'}. Name another one."
        ) from error


def _authorities(path: str) -> str:
    if path:
        try:
            ssl.create_default_context(cafile=path)
        except OSError as error:
            reason = error.strerror if not isinstance(error, ssl.SSLError) else "no certificates"
            raise ConfigurationError(
                f"{CA_FILE} must name a file with certificates in PEM. Received: {path}: {reason}. "
                "Name that of the cluster's certificate authority."
            ) from error
    return path
