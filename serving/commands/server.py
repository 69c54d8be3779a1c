"""Starting the server as a process of its own, and stopping it."""

import ipaddress
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import typer

from features.errors import NotReady
from features.settings import Settings
from serving.business import DEMO, SETTINGS_VARIABLE, settings_named
from serving.commands.keys import has_keys

KEYS_VARIABLE = "REGULARS_SERVE__KEYS"
START_SECONDS = 60.0
POLL_SECONDS = 0.2


def run_server(settings: str, *, host: str, port: int) -> None:
    """Become the server; never returns.

    The process is replaced, so that signals reach the server itself. Raises SettingsError for bad
    settings, NotReady if the port is taken.
    """
    given = settings_named(settings)  # a mistake in the file is told here, not in the server's log
    check_port(host, port)
    typer.echo(who_may_ask(given, host), err=True)
    environment = _environment(settings, host)
    os.execve(sys.executable, _command(host, port), environment)  # noqa: S606


def start_server(settings: str, *, host: str, port: int) -> "subprocess.Popen[bytes]":
    """The server, just started beside this process. Raises NotReady if the port is taken."""
    check_port(host, port)
    # What the server logs is no result: it goes where messages go.
    return subprocess.Popen(  # noqa: S603
        _command(host, port), env=_environment(settings, host), stdout=sys.stderr
    )


def _command(host: str, port: int) -> list[str]:
    return [
        sys.executable,
        *("-m", "bentoml", "serve", "serving.service:Regulars"),
        *("--host", host, "--port", str(port)),
    ]


def who_may_ask(settings: Settings, host: str) -> str:
    """One sentence on who may use the server that will listen on this address."""
    create = "regulars keys create --scope scores:read --label CRM"
    if has_keys(settings):
        return "The API asks for a key; regulars keys list shows them."
    if settings.serve.keys == "required" or not is_loopback(host):
        return f"The API asks for a key and there is none yet. Make one with: {create}"
    return f"Programs on this machine may use the API without a key, until: {create}"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server on this address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _environment(settings: str, host: str) -> dict[str, str]:
    named = settings if settings == DEMO else str(Path(settings).resolve())
    added = {SETTINGS_VARIABLE: named, "BENTOML_DO_NOT_TRACK": "True"}
    if not is_loopback(host):
        added[KEYS_VARIABLE] = "required"  # an open page would be one proxy away from everybody
    return os.environ | added


def check_port(host: str, port: int) -> None:
    """Nothing, if the port is free; else NotReady."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"Port {port} of {host} is taken. Choose another one with --port."
            raise NotReady(message) from error


def wait_until_ready(server: "subprocess.Popen[bytes]", address: str) -> None:
    """Return once the server is ready. Raises NotReady if it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            message = f"The server ended with exit code {server.returncode} before it was ready."
            raise NotReady(message)
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(POLL_SECONDS)
    stop(server)
    message = f"The server was not ready after {START_SECONDS:.0f} seconds."
    raise NotReady(message)


def wait_for_end(server: "subprocess.Popen[bytes]") -> int:
    """Wait for the server; on Ctrl-C let it finish what it is doing."""
    try:
        return server.wait()
    except KeyboardInterrupt:
        stop(server)
        return 0


def stop(server: "subprocess.Popen[bytes]") -> None:
    """End the server, gently first."""
    server.terminate()
    try:
        server.wait(timeout=15)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
