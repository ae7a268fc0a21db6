"""The other ends are those of the sinks."""

from tests.sinks.conftest import broker, certificates, hooks, wait

__all__ = ["broker", "certificates", "hooks", "wait"]
