"""The site file: strict YAML with positions -> frozen models, or every fault in it with file, line, key and remedy.

`load_site(path)` and `parse_site(text, name)` are the two doors; `Site` and its parts are what everybody else sees.
"""

from __future__ import annotations

from pipeline.site.load import load_site, parse_site
from pipeline.site.models import CameraConfig, Site
from pipeline.site.rules import RuleConfig

__all__ = ["CameraConfig", "RuleConfig", "Site", "load_site", "parse_site"]
