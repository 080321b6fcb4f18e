"""One address, one token; every request has a time-out, and every failure says what to do."""

import dataclasses
import json
import os
import ssl
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import kfp_server_api
import urllib3

from components.config_checks import ConfigurationError
from pipeline.kubeflow.server import failures
from pipeline.kubeflow.server.failures import CA_FILE, TOKEN, TOKEN_FILE

SECONDS = 30.0
"""The longest wait for an answer."""
PAGE = 100
HOST, NAMESPACE = "KFP_HOST", "KFP_NAMESPACE"


@dataclasses.dataclass(frozen=True)
class Server:
    """A server of Kubeflow Pipelines.

    Attributes:
        host: Its address.
        namespace: Of runs, schedules and experiments; empty where there is but one.
        client: KFP's.
        token: Never to be shown.
        seconds: The longest wait for an answer.
    """

    host: str
    namespace: str
    client: kfp_server_api.ApiClient
    token: str = dataclasses.field(default="", repr=False)
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
        self.client.last_response = None
        # The client takes a pair, and silently ignores a single float.
        time_out = (self.seconds, self.seconds)
        try:
            answer = call(*arguments, **given, _request_timeout=time_out)
            _check_form(self.client.last_response.data)
            return answer
        except kfp_server_api.ApiException as error:
            raise failures.refused(self.host, error, self.token) from error
        except urllib3.exceptions.HTTPError as error:
            raise failures.unreachable(self.host, error, self.seconds) from error
        # What the client raises of an answer that has another form.
        except (ValueError, TypeError, AttributeError) as error:
            # Also of a refusal without a text, such as a certificate that is not trusted.
            if isinstance(error.__context__, kfp_server_api.ApiException):
                raise failures.refused(self.host, error.__context__, self.token) from error
            body = getattr(self.client.last_response, "data", None)
            raise failures.unreadable(self.host, body) from error

    def ask_all(self, call: Callable[..., Any], field: str, **settings: Any) -> Iterator[Any]:
        """Makes a request for a list, page by page.

        Args:
            call: A method of one of the client's services.
            field: Where an answer has its page.
            **settings: Its arguments.

        Raises:
            ServerError: There was no answer, or it was no.
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
        ConfigurationError: There is no address, or a file or the token cannot be used.
    """
    host = _address(host or environment.get(HOST, ""))
    configuration = kfp_server_api.Configuration(host=host)
    # Nothing is repeated, and no redirection is followed: the token is for this host alone.
    configuration.retries = False
    configuration.ssl_ca_cert = _authorities(environment.get(CA_FILE, "")) or None
    client = kfp_server_api.ApiClient(configuration)
    token = _token(environment)
    if token:
        client.set_default_header("Authorization", f"Bearer {token}")
    return Server(host, namespace or environment.get(NAMESPACE, ""), client, token)


def _address(host: str) -> str:
    parts = urllib.parse.urlsplit(host)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            "The address of Kubeflow Pipelines must be given, such as "
            "https://kubeflow.example.com/pipeline. Received: "
            f"{failures.printable(host) or 'none'}. Give --host or {HOST}."
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


def _check_form(body: str) -> None:
    """The client makes an empty answer of what is none, such as a page to log in on."""
    if not isinstance(json.loads(body), dict):
        raise TypeError
