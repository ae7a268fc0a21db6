"""A place in the code where a test can have the process killed, as a power cut or an out-of-memory kill would.

`FAILPOINT=name:n` in the environment kills this process with SIGKILL the n-th time it passes `name`. Without the
variable a point costs one comparison.
"""

from __future__ import annotations

import os
import signal


class Failpoints:
    """Counts passes of one named point; `plan` is `name:n`, or empty for none."""

    def __init__(self, plan: str) -> None:
        name, _, count = plan.partition(":")
        self._name = name
        self._left = int(count or 1)

    def __call__(self, name: str) -> None:
        if name != self._name:
            return
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


failpoint = Failpoints(os.environ.get("FAILPOINT", ""))
