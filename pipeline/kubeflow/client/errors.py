"""What went wrong with a request -> the rule, what was received, what to do."""

import contextlib
import json
from typing import TYPE_CHECKING

from components.errors import PipelineError
from components.text import escape_unprintable

if TYPE_CHECKING:
    import kfp_server_api
    import urllib3

TOKEN, TOKEN_FILE, CA_FILE = "KFP_TOKEN", "KFP_TOKEN_FILE", "KFP_CA_FILE"
LONGEST_REASON = 500
TRANSIENT = (429, 502, 503, 504)
"""Answers of a server, or of a proxy before it, that may be others in a moment."""
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
        status: HTTP's; 0 where there was no answer.
    """

    def __init__(self, message: str, is_transient: bool = False, status: int = 0):
        super().__init__(message)
        self.is_transient = is_transient
        self.status = status


def in_one_line(text: object) -> str:
    """What a server says, without line breaks and what could steer a terminal, nor a full stop."""
    words = " ".join(str(text or "").split())
    return escape_unprintable(words)[:LONGEST_REASON].rstrip(". ")


def refused(host: str, error: "kfp_server_api.ApiException", secret: str = "") -> ServerError:
    """An answer that is no.

    Args:
        host: Who gave it.
        error: As KFP's client raises it.
        secret: Must not be shown, although the server may say it.
    """
    # The client's way to say that TLS failed.
    if error.status == 0:
        return _untrusted(host, str(error.reason or "").partition("\n")[2])
    reason = _reason(error)
    if secret:
        reason = reason.replace(secret, "***")
    advice = _ADVICE.get(error.status, "Try again, or look at the log of the API server")
    if 300 <= error.status < 400:
        advice = (
            f"It sends elsewhere, as to log in: give a token in {TOKEN} or {TOKEN_FILE}, and the "
            "address of the API itself in --host"
        )
    return ServerError(
        f"{host} must accept the request. Received: {error.status} {reason}. {advice}.",
        is_transient=error.status in TRANSIENT,
        status=error.status,
    )


def _untrusted(host: str, reason: str) -> ServerError:
    """No TLS."""
    return ServerError(
        f"{host} must have a certificate for its name that is trusted. Received: "
        f"{in_one_line(reason)}. If the cluster has a certificate authority of its own, name its "
        f"file in {CA_FILE}; if the server speaks no TLS, write http:// in --host."
    )


def unreachable(host: str, error: "urllib3.exceptions.HTTPError", seconds: float) -> ServerError:
    """No answer, or but a part of one."""
    reason = in_one_line(getattr(error, "reason", None) or error)
    return ServerError(
        f"{host} must be reachable and answer in full within {seconds:g} seconds. Received: "
        f"{reason}. Check --host, the network, and that the API server runs.",
        is_transient=True,
    )


def unreadable(host: str, body: object) -> ServerError:
    """An answer that is not what Kubeflow Pipelines would say.

    Args:
        host: Who gave it.
        body: What it was, as bytes or text.
    """
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    if text.lstrip().startswith("<"):
        received = "a page in HTML, such as one to log in on"
        advice = f"Give a token in {TOKEN} or {TOKEN_FILE}; check that --host is the API's address"
    elif _is_json(text):
        received = "JSON of another form"
        advice = (
            "Check --host, which must be the address of the API; if the server is newer than this "
            "client, tell us"
        )
    else:
        received = f"{len(text)} characters that are no JSON, or not all of it"
        advice = "Try again; check that --host is the address of the API"
    return ServerError(
        f"{host} must answer as Kubeflow Pipelines does. Received: {received}. {advice}."
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _reason(error: "kfp_server_api.ApiException") -> str:
    """What the server says in its own form, in one line; or what HTTP says."""
    said: object = None
    # A proxy answers in any form, or without a body.
    with contextlib.suppress(TypeError, ValueError, AttributeError):
        answer = json.loads(error.body)
        # The call to upload has a form of its own.
        said = answer.get("message") or answer.get("error_message") or answer.get("error")
    return in_one_line(said or error.reason)
