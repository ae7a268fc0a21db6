"""The operators' end in a process of its own: store, API and, with a redis:// link, the consumer.

`api_process.py FOLDER PORT LINK`
"""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.alerts.consumer import Consumer
from pipeline.api.app import build_app
from pipeline.api.server import make_server
from pipeline.api.settings import ApiSettings
from pipeline.clock import SystemClock
from pipeline.store.store import Store


def main() -> int:
    folder, port, spec = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    store = Store(folder / "store.sqlite")
    settings = ApiSettings(site_name="faults", timezone="UTC", token="token", evidence=folder)
    if spec.startswith("redis"):
        Consumer(spec, store, SystemClock()).start()
    make_server(build_app(store, settings=settings), port=port).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
