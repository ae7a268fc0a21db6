"""Roles, what each may do, and who is asking.

A role is a set of permissions; a route names the one it needs (`pipeline/api/security.py`). Cameras narrow a role down:
an account that is limited to cameras does not learn that others exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["viewer", "operator", "installer", "auditor", "admin"]
Permission = Literal["view", "operate", "export", "inspect", "configure", "metrics", "audit", "admin"]
Kind = Literal["open", "session", "key", "nobody"]

PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
ROLES: dict[Role, frozenset[Permission]] = {
    "viewer": frozenset({"view"}),
    "operator": frozenset({"view", "operate", "export"}),
    "installer": frozenset({"view", "inspect", "configure", "metrics"}),
    "auditor": frozenset({"view", "export", "inspect", "metrics", "audit"}),
    "admin": frozenset(PERMISSIONS),
}
"""view: alerts, live pictures, evidence. operate: decide about alerts. export: take evidence away. inspect: read the
configuration. configure: change it. metrics: figures for monitors. audit: read the audit log. admin: accounts and keys.
Operators decide and installers configure; nobody but an administrator does both."""
CHANGING: frozenset[Permission] = frozenset({"operate", "configure", "admin"})
"""What changes anything; an auditor has none of these."""
SITE_WIDE: frozenset[Permission] = frozenset({"metrics", "audit", "admin"})
"""What shows or changes the whole site: an account limited to cameras does not get these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is asking. `cameras` None means all; `session` names the session or key, never its secret."""

    name: str
    kind: Kind
    role: Role | None = None
    permissions: frozenset[Permission] = frozenset()
    cameras: frozenset[str] | None = None
    session: str = ""
    expires_utc: float | None = None
    second_factor: bool = False

    def may(self, permission: Permission) -> bool:
        if self.cameras is not None and permission in SITE_WIDE:
            return False
        return permission in self.permissions

    def sees(self, camera_id: str) -> bool:
        return self.cameras is None or camera_id in self.cameras


NOBODY = Principal(name="", kind="nobody")
LOCAL = Principal(name="operator", kind="open", role="admin", permissions=ROLES["admin"])
"""Whoever sits at this machine while there is no account: they could read the data folder all the same."""
