"""`nightjar run SITE`: watch a site until told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from pipeline.access.oidc.config import read_oidc
from pipeline.bootstrap import log_to_stderr, open_site_detector
from pipeline.clock import SystemClock
from pipeline.errors import BadInput
from pipeline.folders import DataFolder, default_data
from pipeline.reach import add_reach, reach_of
from pipeline.secrets import load_secrets
from pipeline.service import Service
from pipeline.site import parse_site


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("run", help="watch a site until told to stop")
    parser.add_argument("site", type=Path, metavar="SITE", help="site file")
    parser.add_argument("--data", type=Path, default=default_data(), help="data folder (default: %(default)s)")
    add_reach(parser)
    parser.add_argument("--port", type=int, default=8000, help="port to serve on (default: %(default)s)")
    parser.add_argument("--pace", action="store_true", help="play files as live cameras, at their own speed")
    parser.add_argument("--oidc", type=Path, metavar="FILE", help="let people sign in at an OpenID Connect provider")
    parser.add_argument("--verbose", action="store_true", help="log more")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    log_to_stderr("nightjar", verbose=args.verbose)
    try:
        text = args.site.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"SITE {args.site}: cannot be read ({type(error).__name__}); a site file is needed") from None
    site = parse_site(text, str(args.site))
    data = DataFolder(args.data.absolute())
    os.umask(0o077)
    secrets = load_secrets(folder=site.folder)
    for camera_id in site.cameras:
        site.source_of(camera_id, secrets)
    detector = open_site_detector(site, data)
    clock = SystemClock()
    reach, certificate = reach_of(args, data, clock)
    service = Service(
        site_text=text, site_path=str(args.site.absolute()), data=data, clock=clock, reach=reach, port=args.port,
        pace=args.pace, oidc=None if args.oidc is None else read_oidc(args.oidc, secrets),
    )  # fmt: skip
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with service:
        people = "" if detector.people else ": movement only, no person model is loaded (`nightjar models pull`)"
        print(f"Nightjar watches {site.name}: {len(site.cameras)} cameras, detector {detector.name}{people}")
        print(f"Page: {service.url}   data: {data.root}   stop with Ctrl-C")
        if certificate is not None and reach.self_signed:
            print("The certificate is our own; the browser must show this SHA-256 fingerprint:")
            print(f"  {certificate.fingerprint}")
        say_accounts(service)
        done.wait()
        print("Stopping: the workers hand over what they hold ...", flush=True)
    return 0


def say_accounts(service: Service) -> None:
    """Who is let in, and how the first account is made."""
    link = service.setup_link()
    if link is not None:
        if service.reach.loopback:
            print("No account exists: whoever sits at this machine may do everything. The first account ends that:")
        else:
            print("No account exists, and nobody is let in before there is one. Make the first administrator here:")
        print(f"  {link}")
        print("  (works once, within 15 minutes; `nightjar account setup` prints another)")
    sys.stdout.flush()
