"""A sink that writes e-mail: one a notice while it is calm, one digest a minute in a flood.

The `Message-ID` is made of the notices' ids, so that a mail that was sent twice can be told to be one; the mails of an
incident refer to each other, so that mail programs show them together.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import formatdate
from typing import Literal
from zoneinfo import ZoneInfo

from pipeline.alerts.message import digest
from pipeline.clock import Clock
from pipeline.sinks.base import Away, Refused
from pipeline.sinks.notice import Notice

TLS_FROM_THE_START = "tls"
_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where mail is handed in, and from whom to whom. `security` none sends in the clear, and so never a password."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    sender: str
    to: tuple[str, ...]
    tls: ssl.SSLContext | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_s: float = 10.0


class Mail:
    """Implements `Sink`. Times in mails are those of `timezone`."""

    most = 500

    def __init__(self, mailbox: Mailbox, *, clock: Clock, timezone: str) -> None:
        self._box, self._clock, self._zone = mailbox, clock, ZoneInfo(timezone)

    def send(self, notices: Sequence[Notice]) -> str | None:
        mail = self._one(notices[0]) if len(notices) == 1 else self._digest(notices)
        try:
            with self._session() as server:
                refused = server.send_message(mail, self._box.sender, list(self._box.to))
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(max(code for code, _ in error.recipients.values())) from None
        except smtplib.SMTPException as error:
            raise Away(f"mail server: {type(error).__name__}") from None
        except OSError as error:
            raise Away(f"mail server: {getattr(error, 'strerror', None) or type(error).__name__}") from None
        return f"{len(refused)} of {len(self._box.to)} addresses are refused; the others have it" if refused else None

    def tend(self) -> bool:
        """Nothing stays open."""
        return False

    def close(self) -> None:
        """Nothing is open."""

    @contextlib.contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        box = self._box
        if box.security == TLS_FROM_THE_START:
            server: smtplib.SMTP = smtplib.SMTP_SSL(box.host, box.port, timeout=box.timeout_s, context=box.tls)
        else:
            server = smtplib.SMTP(box.host, box.port, timeout=box.timeout_s)
        try:
            if box.security == "starttls":
                server.starttls(context=box.tls)
            if box.username is not None:
                server.login(box.username, box.password or "")
            yield server
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()

    def _one(self, notice: Notice) -> EmailMessage:
        alert = notice.alert
        mail = self._blank([notice])
        mail["Subject"] = _line(f"[{notice.site}] {alert['severity']}: {alert['sentence']}")
        mail["References"] = f"<{alert['incident_id']}@{self._domain}>"
        mail.set_content(f"{self._told(notice)}\n\nAlert {notice.alert_id}, change {notice.feed_seq} of the feed.\n")
        return mail

    def _digest(self, notices: Sequence[Notice]) -> EmailMessage:
        mail = self._blank(notices)
        worst = min((str(n.alert["severity"]) for n in notices), key=("high", "medium", "low").index)
        cameras = ", ".join(sorted({n.camera_id for n in notices}))
        mail["Subject"] = _line(f"[{notices[0].site}] {worst}: {len(notices)} messages ({cameras})")
        lines = [self._told(notice) for notice in notices[:_LINES]]
        if len(notices) > _LINES:
            lines.append(f"... and {len(notices) - _LINES} more, in the page")
        mail.set_content("\n\n".join(lines) + "\n")
        return mail

    def _blank(self, notices: Sequence[Notice]) -> EmailMessage:
        name = notices[0].notice_id if len(notices) == 1 else digest("digest", *(n.notice_id for n in notices))
        mail = EmailMessage()
        mail["From"], mail["To"] = self._box.sender, ", ".join(self._box.to)
        mail["Date"] = formatdate(self._clock.utc())
        mail["Message-ID"] = f"<{name}@{self._domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Nightjar-Id"] = " ".join(n.notice_id for n in notices[:20])
        return mail

    def _told(self, notice: Notice) -> str:
        alert = notice.alert
        at = datetime.fromtimestamp(float(alert["utc"]), UTC).astimezone(self._zone)
        place = f"camera {alert['camera_id']}" + (f", zone {alert['zone_id']}" if alert.get("zone_id") else "")
        return f"{at:%Y-%m-%d %H:%M:%S %Z}  {notice.told}  {alert['severity']}  {place}\n{alert['sentence']}"

    @property
    def _domain(self) -> str:
        return self._box.sender.rpartition("@")[2].strip("> ") or "nightjar.invalid"


def _refusal(code: int) -> Away | Refused:
    """SMTP's answers (RFC 5321, 4.2.1): 4xx is for later; 5xx about a sign-in (530 to 538) is not about the mail."""
    if code < 500 or 530 <= code <= 538:
        return Away(f"mail server: it answers {code}")
    return Refused(f"mail server: it answers {code}")


def _line(text: str) -> str:
    """A header is one line, and no longer than people read."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 180 else flat[:177] + "..."
