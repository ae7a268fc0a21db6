"""A small writer of PDF 1.4 (ISO 32000-1): text in Helvetica, lines, filled boxes and JPEG pictures on A4 pages.

Goal: reports without another dependency. Non-goals: other fonts, links, compression. Characters outside Windows-1252
become question marks, as the standard fonts hold no others. Lengths in points, from the top left corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 595.0, 842.0
MARGIN = 50.0
Colour = tuple[float, float, float]
BLACK: Colour = (0.0, 0.0, 0.0)

# Advance widths of Helvetica in 1/1000 em for codes 32 to 126 (Adobe's font metrics for the standard 14 fonts).
_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
)  # fmt: skip
_OTHERS = 556


@dataclass(slots=True)
class _Page:
    drawing: list[bytes] = field(default_factory=list)
    pictures: list[int] = field(default_factory=list)


class Pdf:
    """Draw, then `whole()`. `y` is where the next line of flowing text begins; a full page is followed by a new one."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._pages: list[_Page] = []
        self._jpegs: list[tuple[int, int, bytes]] = []
        self.y = 0.0
        self.new_page()

    def new_page(self) -> None:
        self._pages.append(_Page())
        self.y = MARGIN

    def room(self, height: float) -> None:
        """Begin a new page unless this much is left on this one."""
        if self.y + height > HEIGHT - MARGIN:
            self.new_page()

    def paragraph(self, words: str, *, size: float = 10.0, bold: bool = False, colour: Colour = BLACK) -> None:
        """Text that flows over the width of the page."""
        for line in wrapped(words, size=size, width=WIDTH - 2 * MARGIN):
            self.room(size * 1.35)
            self.text(MARGIN, self.y + size, line, size=size, bold=bold, colour=colour)
            self.y += size * 1.35

    def space(self, height: float = 8.0) -> None:
        self.y += height

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], *, shares: Sequence[float]) -> None:
        """Rows below each other; `shares` of the page's width for the columns, together 1."""
        self._row(heads, shares, bold=True)
        for row in rows:
            self._row(row, shares, bold=False)
        self.space()

    def text(
        self, x: float, y: float, words: str, *, size: float = 10.0, bold: bool = False, colour: Colour = BLACK
    ) -> None:
        """One line; `y` is its baseline."""
        shown = words.encode("cp1252", "replace")
        escaped = shown.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        font = b"/F2" if bold else b"/F1"
        place = f"{x:.2f} {HEIGHT - y:.2f}".encode()
        self._draw(
            b"BT " + _rgb(colour) + b" rg " + font + f" {size:g} Tf ".encode() + place + b" Td (" + escaped + b") Tj ET"
        )

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A filled box; `y` is its upper edge."""
        self._draw(_rgb(colour) + f" rg {x:.2f} {HEIGHT - y - height:.2f} {width:.2f} {height:.2f} re f".encode())

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: Colour = (0.5, 0.5, 0.5)) -> None:
        """A thin line."""
        ends = f"{x1:.2f} {HEIGHT - y1:.2f} m {x2:.2f} {HEIGHT - y2:.2f} l S".encode()
        self._draw(_rgb(colour) + b" RG 0.6 w " + ends)

    def jpeg(self, data: bytes, *, pixels: tuple[int, int], width: float) -> None:
        """A colour JPEG of this size in pixels, `width` points wide, in the flow of the text."""
        across, down = pixels
        height = width * down / across
        self.room(height)
        self._jpegs.append((across, down, data))
        number = len(self._jpegs) - 1
        self._pages[-1].pictures.append(number)
        place = f"q {width:.2f} 0 0 {height:.2f} {MARGIN:.2f} {HEIGHT - self.y - height:.2f} cm /I{number} Do Q"
        self._draw(place.encode())
        self.y += height + 8.0

    def whole(self) -> bytes:
        """The whole file."""
        objects = self._objects()
        out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
        for number, body in enumerate(objects, start=1):
            places.append(len(out))
            out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
        start = len(out)
        out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
        out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
        out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 3 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
        return bytes(out)

    def _row(self, cells: Sequence[str], shares: Sequence[float], *, bold: bool) -> None:
        size, whole = 9.0, WIDTH - 2 * MARGIN
        columns = [wrapped(cell, size=size, width=whole * s - 6) for cell, s in zip(cells, shares, strict=True)]
        height = max(len(lines) for lines in columns) * size * 1.3 + 3
        self.room(height)
        x = MARGIN
        for lines, share in zip(columns, shares, strict=True):
            for number, line in enumerate(lines):
                self.text(x, self.y + size + number * size * 1.3, line, size=size, bold=bold)
            x += whole * share
        self.y += height
        self.line(MARGIN, self.y, WIDTH - MARGIN, self.y, (0.85, 0.85, 0.85))

    def _draw(self, operators: bytes) -> None:
        self._pages[-1].drawing.append(operators)

    def _objects(self) -> list[bytes]:
        """1 catalogue, 2 page tree, 3 title, 4 and 5 fonts, then pictures, then each page with its drawing."""
        first_page = 6 + len(self._jpegs)
        kids = " ".join(f"{first_page + 2 * n} 0 R" for n in range(len(self._pages)))
        title = self._title.encode("utf-16-be").hex()
        objects = [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Kids [{kids}] /Count {len(self._pages)} >>".encode(),
            f"<< /Title <feff{title}> /Producer (Nightjar) >>".encode(),
            *(
                f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()
                for name in ("Helvetica", "Helvetica-Bold")
            ),
        ]
        objects += [_image(*jpeg) for jpeg in self._jpegs]
        for number, page in enumerate(self._pages):
            pictures = " ".join(f"/I{i} {6 + i} 0 R" for i in page.pictures)
            objects.append(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH:g} {HEIGHT:g}] /Resources << /Font << /F1 4 0 R "
                f"/F2 5 0 R >> /XObject << {pictures} >> >> /Contents {first_page + 2 * number + 1} 0 R >>".encode()
            )
            objects.append(_stream(b"<<", b"\n".join(page.drawing)))
        return objects


def wrapped(words: str, *, size: float, width: float) -> list[str]:
    """Lines no wider than `width`, broken between words; a word that is too long is broken anywhere."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if text_width(longer, size) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if lines[-1] and text_width(lines[-1] + letter, size) > width:
                lines.append("")
            lines[-1] += letter
    return lines


def text_width(words: str, size: float) -> float:
    """How wide a line is, points."""
    return sum(_WIDTHS[ord(c) - 32] if 32 <= ord(c) <= 126 else _OTHERS for c in words) * size / 1000


def _image(across: int, down: int, data: bytes) -> bytes:
    head = (
        f"<< /Type /XObject /Subtype /Image /Width {across} /Height {down} /ColorSpace /DeviceRGB /BitsPerComponent 8 "
        "/Filter /DCTDecode"
    )
    return _stream(head.encode(), data)


def _stream(head: bytes, data: bytes) -> bytes:
    return head + f" /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _rgb(colour: Colour) -> bytes:
    return " ".join(f"{part:.3f}" for part in colour).encode()
