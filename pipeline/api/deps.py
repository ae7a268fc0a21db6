"""What routes are handed: the app's store, settings, hub and control, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from pipeline.api.control import Control
from pipeline.api.hub import Hub
from pipeline.api.metrics import Metrics
from pipeline.api.settings import ApiSettings
from pipeline.store.store import Store

NOBODY = "operator"
"""Who acts while there are no accounts: whoever sits at this machine."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The app's parts, made once by `build_app`."""

    store: Store
    control: Control
    settings: ApiSettings
    hub: Hub
    metrics: Metrics


def _parts(request: Request) -> Parts:
    parts = request.app.state.parts
    assert isinstance(parts, Parts)
    return parts


def _actor() -> str:
    return NOBODY


App = Annotated[Parts, Depends(_parts)]
Actor = Annotated[str, Depends(_actor)]
