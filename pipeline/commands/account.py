"""`nightjar account`: accounts, links and keys, from the shell of the machine that holds them.

It works beside a running service, and when nobody can sign in any more. Passwords are asked for or read from standard
input: in the argument list every user of the machine could see them.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.table import Table

from pipeline.access import accounts, api_keys, links, sessions
from pipeline.access.access import Access
from pipeline.access.passwords import check_new
from pipeline.access.roles import PERMISSIONS, Role
from pipeline.clock import SystemClock
from pipeline.errors import BadInput
from pipeline.folders import DataFolder, default_data

ACTOR = "console"


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("account", help="accounts, one-time links and API keys")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    add = _action(actions, "add", _add, "make an account; its password is asked for, or read from standard input")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--role", choices=get_args(Role), default="operator", help="(default: %(default)s)")
    add.add_argument("--cameras", metavar="ID,ID", help="limit it to these cameras (default: all)")
    add.add_argument("--link", action="store_true", help="ask for no password: print a link with which it is set, once")
    listing = _action(actions, "list", _list, "accounts, who is signed in, and keys")
    listing.add_argument("--json", action="store_true", help="one JSON object on the last line")
    change = _action(actions, "change", _change, "change an account's role or cameras; its sessions end")
    change.add_argument("name", metavar="NAME")
    change.add_argument("--role", choices=get_args(Role))
    change.add_argument("--cameras", metavar="ID,ID|all")
    for name, help_text in (
        ("disable", "switch an account off: its sessions end at once, its keys stop working"),
        ("enable", "switch it on again"),
        ("remove", "remove an account; what it did stays in the audit log"),
        ("password", "set an account's password; its sessions end"),
        ("reset", "forget password and second factor, and print a link for a new password"),
        ("sign-out", "end every session of an account"),
    ):
        _action(actions, name, _CHANGES[name], help_text).add_argument("name", metavar="NAME")
    setup = _action(actions, "setup", _setup, "print a link that makes the first administrator, good for 15 minutes")
    setup.add_argument("--url", default="http://127.0.0.1:8000", help="where the page is (default: %(default)s)")
    key = _action(actions, "key", _key, "make an API key, printed once; or take one back")
    key.add_argument("name", metavar="NAME", help="the account it belongs to; with --revoke the key's id")
    key.add_argument("--label", default="", help="what uses it")
    key.add_argument("--may", metavar="P,P", default="view", help=f"of {', '.join(PERMISSIONS)} (default: %(default)s)")
    key.add_argument("--cameras", metavar="ID,ID", help="limit it to these cameras")
    key.add_argument("--days", type=float, default=90.0, help="how long it is good, at most 366 (default: %(default)s)")
    key.add_argument("--revoke", action="store_true", help="take back the key of this id")


def _action(actions: Any, name: str, run: Any, help_text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=help_text)
    parser.add_argument("--data", type=Path, default=None, help="data folder (default: as `nightjar run`)")
    parser.set_defaults(run=lambda args: _with_access(args, run))
    return parser


def _with_access(args: argparse.Namespace, run: Any) -> int:
    os.umask(0o077)
    data = DataFolder((args.data or default_data()).absolute()).create()
    access = Access(data.root, clock=SystemClock())
    try:
        return int(run(access, args) or 0)
    finally:
        access.close()


def _add(access: Access, args: argparse.Namespace) -> None:
    name = accounts.checked_name(args.name)
    accounts.check_first(access.book, args.role)
    hashed = None if args.link else access.hasher.hash(_new_password(name))
    accounts.add(access.book, name=name, role=args.role, cameras=_ids(args.cameras), password_hash=hashed, actor=ACTOR)
    print(f"Account {name} made: {args.role}{f', cameras {args.cameras}' if args.cameras else ', all cameras'}.")
    if args.link:
        _print_link(access, name)


def _list(access: Access, args: argparse.Namespace) -> None:
    found, keys, open_sessions = (
        accounts.listed(access.book),
        api_keys.listed(access.book),
        sessions.listed(access.book),
    )
    if args.json:
        print(json.dumps({
            "accounts": [asdict(one) for one in found], "keys": [asdict(one) for one in keys],
            "sessions": [asdict(one) for one in open_sessions],
        }))  # fmt: skip
        return
    if not found:
        print("No account exists: on loopback everybody at this machine may do everything.")
        return
    table = Table(
        "account", "role", "cameras", "state", "second factor", "signed in", "open sessions", title="Accounts"
    )
    for one in found:
        state = "off" if one.disabled else "on" if one.has_password else "waits for its link"
        count = sum(session.account == one.name for session in open_sessions)
        table.add_row(
            one.name, one.role, "all" if one.cameras is None else ", ".join(one.cameras), state,
            "yes" if one.second_factor else "no", _time(one.signed_in_utc), str(count),
        )  # fmt: skip
    Console(width=130).print(table)
    if keys:
        table = Table("key", "account", "label", "may", "cameras", "good until", "used", title="API keys")
        for key in keys:
            table.add_row(
                key.key_id, key.account, key.label, ", ".join(key.permissions),
                "all of its account" if key.cameras is None else ", ".join(key.cameras), _time(key.expires_utc),
                _time(key.used_utc),
            )  # fmt: skip
        Console(width=130).print(table)


def _change(access: Access, args: argparse.Namespace) -> None:
    if args.role is None and args.cameras is None:
        raise BadInput("account change: give --role, --cameras or both")
    wanted: dict[str, Any] = {} if args.role is None else {"role": args.role}
    if args.cameras is not None:
        wanted["cameras"] = None if args.cameras == "all" else _ids(args.cameras)
    changed = accounts.change(access.book, args.name, actor=ACTOR, **wanted)
    print(f"Account {changed.name}: {changed.role}, cameras {', '.join(changed.cameras or ('all',))}.")


def _switch(access: Access, args: argparse.Namespace, *, off: bool) -> None:
    changed = accounts.change(access.book, args.name, actor=ACTOR, disabled=off)
    print(f"Account {changed.name} is {'off; its sessions have ended' if off else 'on'}.")


def _remove(access: Access, args: argparse.Namespace) -> None:
    accounts.remove(access.book, args.name, actor=ACTOR)
    print(f"Account {args.name} removed.")


def _password(access: Access, args: argparse.Namespace) -> None:
    account = accounts.find(access.book, args.name)
    hashed = access.hasher.hash(_new_password(account.name))
    accounts.set_password(access.book, account.name, hashed, actor=ACTOR, how="console")
    print(f"The password of {account.name} is set; its sessions have ended.")


def _reset(access: Access, args: argparse.Namespace) -> None:
    account = accounts.reset(access.book, args.name, actor=ACTOR)
    print(f"Account {account.name} has no password and no second factor any more; its sessions have ended.")
    _print_link(access, account.name)


def _sign_out(access: Access, args: argparse.Namespace) -> None:
    account = accounts.find(access.book, args.name)
    print(f"{sessions.end_all(access.book, account.name, actor=ACTOR)} sessions of {account.name} ended.")


def _setup(access: Access, args: argparse.Namespace) -> None:
    if not access.no_account():
        raise BadInput("account setup: there is an account already; `nightjar account reset NAME` prints a link for it")
    token = links.make(access.book, account=None, actor=ACTOR)
    print(f"{args.url.rstrip('/')}/login.html#link={token}")


def _key(access: Access, args: argparse.Namespace) -> None:
    if args.revoke:
        api_keys.revoke(access.book, args.name, actor=ACTOR)
        print(f"Key {args.name} taken back.")
        return
    permissions: Any = [part.strip() for part in args.may.split(",") if part.strip()]
    text, key = api_keys.make(
        access.book, account=args.name, label=args.label, permissions=permissions, cameras=_ids(args.cameras),
        days=args.days, actor=ACTOR,
    )  # fmt: skip
    print(f"Key {key.key_id} of {key.account}, good until {_time(key.expires_utc)}, shown this once:", file=sys.stderr)
    print(text)


_CHANGES: dict[str, Any] = {
    "disable": lambda access, args: _switch(access, args, off=True),
    "enable": lambda access, args: _switch(access, args, off=False),
    "remove": _remove,
    "password": _password,
    "reset": _reset,
    "sign-out": _sign_out,
}


def _print_link(access: Access, name: str) -> None:
    token = links.make(access.book, account=name, actor=ACTOR)
    print(f"{name} sets a password, once, within a day, at the page's address followed by:")
    print(f"/login.html#link={token}")


def _new_password(name: str) -> str:
    """Twice from the terminal, or the first line of standard input."""
    if not sys.stdin.isatty():
        return check_new(sys.stdin.readline().rstrip("\n"), name=name)
    password = check_new(getpass.getpass(f"Password for {name}: "), name=name)
    if getpass.getpass("Once more: ") != password:
        raise BadInput("the two passwords differ; nothing was done")
    return password


def _ids(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _time(utc: float | None) -> str:
    return "never" if utc is None else datetime.fromtimestamp(utc, UTC).strftime("%Y-%m-%d %H:%M UTC")
