"""The server: a thin BentoML service around the application of `serving.api`.

`bentoml serve serving.service:Regulars` answers the API, the page, health and metrics on one port.
BentoML gives the process, the start-up and the container; it parses no request of ours.
"""

import gc
import importlib
import os
import sys
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from typing import cast

# Read by BentoML on its own import; nothing is reported from a machine of ours unasked.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

import bentoml
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from serving import logs
from serving.api.app import make_app
from serving.state import ServerState


def _page_routes(state: ServerState) -> Sequence[BaseRoute]:
    """The marketer's page, where it is installed."""
    if find_spec("serving.web.routes") is None:
        return ()
    routes: Sequence[BaseRoute] = importlib.import_module("serving.web.routes").page_routes(state)
    return routes


state = ServerState()
app = make_app(state, extra_routes=_page_routes(state), log_stream=sys.stdout)
logs.configure(sys.stderr)


async def _everything(scope: Scope, receive: Receive, send: Send) -> None:
    # BentoML passes an application it can look into only the paths that this one knows, and answers
    # the others itself, with its own page at / and its own error format. It cannot look in here.
    # What BentoML matched is no route of ours and would be counted as one.
    scope.pop("route", None)
    scope.pop("endpoint", None)
    await app(scope, receive, send)


def _warm_up() -> None:
    state.warm_up()
    # What is loaded by now stays: the collector need not look through it again and again.
    gc.collect()
    gc.freeze()


@bentoml.service(
    name="regulars",
    workers=1,
    traffic={"timeout": 10},
    # BentoML labels its metrics and access log with whole paths, which hold customers' ids.
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ".*"},
)
@bentoml.asgi_app(_everything, path="/")
class Regulars:
    """Churn and customer lifetime value over HTTP."""

    def __init__(self) -> None:
        """Read the settings, so that a server with wrong ones does not start."""
        state.settings  # noqa: B018 - read for its error
        # Beside the start, because a model and its libraries take seconds and look-ups need none.
        threading.Thread(target=_warm_up, daemon=True).start()

    def __is_ready__(self) -> bool:
        """Whether published scores can be read: `/readyz`."""
        return state.ready()

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def close(self) -> None:
        """Give the store's connections back."""
        app.access.close()
        state.close()


# Before every route, BentoML's own too; the decorators have made a Service of the class.
_service = cast("bentoml.Service[Regulars]", Regulars)
for layer in app.layers:
    _service.add_asgi_middleware(layer.cls, **layer.kwargs)
