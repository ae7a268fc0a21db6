"""Site file -> `Site`, or one error that lists every fault found."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from pipeline.errors import SiteError
from pipeline.site.checks import reference_faults, time_faults
from pipeline.site.document import MAX_BYTES, Node, read_document
from pipeline.site.faults import Fault, model_faults
from pipeline.site.models import Site


def load_site(path: str | Path) -> Site:
    """Read a site file; relative sources in it are seen from its folder.

    Raises:
        SiteError: it cannot be read, or has faults: each with file, line, key, value and what is allowed.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SiteError(f"{path}: cannot be read: {error.strerror or error}: a site file (YAML) is needed") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SiteError(f"{path}:{line}: (document): not UTF-8: YAML 1.2 in UTF-8 is allowed") from None
    return parse_site(text, str(path))


def parse_site(text: str, name: str) -> Site:
    """A site from the text of its file; `name` is the file's path, which messages and relative sources use.

    Raises:
        SiteError: faults, each with file, line, key, value and what is allowed.
    """
    root = read_document(text, name)
    faults: list[Fault] = list(reference_faults(root))
    site: Site | None = None
    try:
        site = Site.model_validate(root.value)
    except ValidationError as error:
        faults += model_faults(root, Site, error)
    if site is not None:
        faults += time_faults(root, site.timezone)
    if site is None or faults:
        raise SiteError(_listed(faults, name, root))
    return site.placed(Path(name).parent)


def _listed(faults: list[Fault], name: str, root: Node) -> str:
    lines = [fault.text(name) for fault in sorted(set(faults))]
    if len(lines) == 1:
        return lines[0]
    return f"{name}:{root.line}: {len(lines)} faults\n" + "\n".join(lines)
