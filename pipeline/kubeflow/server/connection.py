"""One address, one token; every request has a time-out, and every failure says what to do."""

import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import kfp_server_api
import urllib3

from components.errors import PipelineError

SECONDS = 30.0
"""The longest wait for an answer."""
PAGE = 100
HOST, NAMESPACE, TOKEN, TOKEN_FILE, CA_FILE = (
    "KFP_HOST",
    "KFP_NAMESPACE",
    "KFP_TOKEN",
    "KFP_TOKEN_FILE",
    "KFP_CA_FILE",
)
_ADVICE = {
    401: f"Give a valid token in {TOKEN} or {TOKEN_FILE}",
    403: f"Give a token in {TOKEN} or {TOKEN_FILE} whose owner may do this in the namespace",
    404: "Check --host, which must be the address of the API, and that what you name still exists",
    409: "Something of that name exists already; choose another name or delete it",
}


class ServerError(PipelineError):
    """The server did not do what it was asked.

    Attributes:
        is_transient: Whether it may do so in a moment.
    """

    def __init__(self, message: str, is_transient: bool = False):
        super().__init__(message)
        self.is_transient = is_transient


@dataclasses.dataclass(frozen=True)
class Server:
    """A server of Kubeflow Pipelines.

    Attributes:
        host: Its address.
        namespace: Of runs, schedules and experiments; empty where there is but one.
        client: KFP's.
        seconds: The longest wait for an answer.
    """

    host: str
    namespace: str
    client: kfp_server_api.ApiClient
    seconds: float = SECONDS

    def ask(self, call: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
        """Makes one request.

        Args:
            call: A method of one of the client's services.
            *arguments: Its arguments.
            **settings: Its further arguments; those that are None are left out.

        Raises:
            ServerError: There was no answer, or it was no.
        """
        given = {name: value for name, value in settings.items() if value is not None}
        # The client takes a pair, and silently ignores a single float.
        time_out = (self.seconds, self.seconds)
        try:
            answer = call(*arguments, **given, _request_timeout=time_out)
            _check_form(self.client.last_response.data)
            return answer
        except kfp_server_api.ApiException as error:
            raise _refused(self.host, error) from error
        except urllib3.exceptions.HTTPError as error:
            raise _unreachable(self.host, error) from error
        # What the client raises of an answer that has another form.
        except (ValueError, TypeError, AttributeError) as error:
            raise ServerError(
                f"{self.host} must answer as Kubeflow Pipelines does. Received: an answer of "
                "another form. Check --host, which must be the address of the API; if the server "
                "is newer than this client, tell us."
            ) from error

    def ask_all(self, call: Callable[..., Any], field: str, **settings: Any) -> Iterator[Any]:
        """Makes a request for a list, page by page.

        Args:
            call: A method of one of the client's services.
            field: Where an answer has its page.
            **settings: Its arguments.
        """
        token = ""
        while True:
            answer = self.ask(call, page_token=token, page_size=PAGE, **settings)
            yield from getattr(answer, field) or []
            token = answer.next_page_token or ""
            if not token:
                return


def connect(host: str, namespace: str = "", environment: Mapping[str, str] = os.environ) -> Server:
    """Prepares a connection; nothing is sent yet.

    Args:
        host: Address; empty for that of the environment, KFP_HOST.
        namespace: Likewise, KFP_NAMESPACE.
        environment: With the token, KFP_TOKEN or KFP_TOKEN_FILE, and KFP_CA_FILE.

    Raises:
        ServerError: There is no address, or a file cannot be read.
    """
    host = (host or environment.get(HOST, "")).rstrip("/")
    if not host.startswith(("http://", "https://")):
        raise ServerError(
            "The address of Kubeflow Pipelines must be given, such as "
            f"https://kubeflow.example.com/pipeline. Received: {host or 'none'}. Give --host "
            f"or {HOST}."
        )
    configuration = kfp_server_api.Configuration(host=host)
    configuration.retries = False
    configuration.ssl_ca_cert = environment.get(CA_FILE) or None
    client = kfp_server_api.ApiClient(configuration)
    token = environment.get(TOKEN) or _read(environment.get(TOKEN_FILE, ""))
    if token:
        client.set_default_header("Authorization", f"Bearer {token}")
    return Server(host, namespace or environment.get(NAMESPACE, ""), client)


def printable(text: object) -> str:
    """Text of a server without what could steer a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text or ""))


def _check_form(body: str) -> None:
    """The client makes an empty answer of what is none, such as a page to log in on."""
    if not isinstance(json.loads(body), dict):
        raise TypeError


def _read(path: str) -> str:
    if not path:
        return ""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ServerError(
            f"{TOKEN_FILE} must name a file with the token. Received: {path}: "
            f"{getattr(error, 'strerror', None) or 'not text'}."
        ) from error


def _refused(host: str, error: kfp_server_api.ApiException) -> ServerError:
    advice = _ADVICE.get(error.status, "Try again, or look at the log of the API server")
    return ServerError(
        f"{host} must accept the request. Received: {error.status} {_reason(error)}. {advice}.",
        is_transient=error.status in (429, 502, 503, 504),
    )


def _reason(error: kfp_server_api.ApiException) -> str:
    """What the server says in its own form, in one line; or what HTTP says."""
    try:
        said = json.loads(error.body)["message"]
    except (TypeError, ValueError, KeyError):
        said = error.reason
    return printable(said)[:500].strip().rstrip(".")


def _unreachable(host: str, error: urllib3.exceptions.HTTPError) -> ServerError:
    reason = printable(getattr(error, "reason", None) or error)[:300].rstrip(".")
    if "certificate" in reason.lower():
        advice = (
            f"If the cluster has a certificate authority of its own, name its file in {CA_FILE}"
        )
    else:
        advice = "Check --host, the network, and that the API server runs"
    return ServerError(
        f"{host} must be reachable and answer in full. Received: {reason}. {advice}.",
        is_transient=True,
    )
