"""Depot North: the one site that all clips show, in metres, and its four cameras.

The warehouse stands in the north (y > 18), the yard before it, the perimeter fence in the south (y = -16); the corridor
with pillars runs inside the warehouse. Everything is drawn from here, so what one camera sees agrees with the others.
"""

from __future__ import annotations

import numpy as np

from .camera import Camera
from .solids import Solids, Stuff, tree

CAMERAS = {
    "yard": Camera("yard", (33.5, 16.8, 5.0), (23.2, 7.2, 0.4), 58.0),
    "dock": Camera("dock", (28.8, 7.6, 4.6), (16.6, 13.6, 0.2), 58.0),
    "corridor": Camera("corridor", (33.2, 24.0, 3.7), (21.0, 24.0, 0.35), 56.0),
    "fence": Camera("fence", (39.0, -10.4, 4.4), (25.5, -12.6, 0.3), 56.0),
}

WHITE, YELLOW = (215, 215, 210), (214, 176, 40)


def ground(s: Solids) -> None:
    """Asphalt, concrete aprons, grass and gravel beyond the fence, painted lines."""
    s.quad((-20, -16, 0), (80, 0, 0), (0, 34, 0), Stuff.ASPHALT, (104, 104, 104))
    s.quad((-20, 18, 0), (80, 0, 0), (0, 30, 0), Stuff.CONCRETE, (150, 148, 142))
    s.quad((-2, 13.5, 0.012), (32, 0, 0), (0, 4.5, 0), Stuff.CONCRETE, (158, 155, 148), shades=False)
    s.quad((-40, -60, -0.02), (120, 0, 0), (0, 44, 0), Stuff.GRASS, (92, 104, 58))
    s.quad((-20, -16.0, 0.012), (80, 0, 0), (0, 1.6, 0), Stuff.GRASS, (112, 112, 74), shades=False)
    s.quad((-20, -9.6, 0.012), (80, 0, 0), (0, 0.12, 0), Stuff.PAINT, WHITE, shades=False)
    for x in np.arange(4, 33, 5.0):
        s.quad((x - 0.06, 9.0, 0.014), (0.12, 0, 0), (0, 4.4, 0), Stuff.PAINT, YELLOW, shades=False)
    for x, y, dx, dy in ((15.2, -1.0, 0.14, 9.2), (29.4, -1.0, 0.14, 14.4), (15.2, 8.1, 8.0, 0.14)):
        s.quad((x, y, 0.014), (dx, 0, 0), (0, dy, 0), Stuff.PAINT, YELLOW, shades=False)
    for k in range(7):
        s.quad((29.7 + 0.75 * k, 4.0, 0.014), (0.4, 0, 0), (0, 2.6, 0), Stuff.PAINT, WHITE, shades=False)


def warehouse(s: Solids) -> None:
    """South wall with four dock doors, a staff door, a canopy; brick office to the east."""
    s.box((0, 18, 0), (36, 18.25, 7.2), Stuff.CLADDING, (176, 182, 186))
    s.box((0, 17.93, 0), (36, 18.02, 0.9), Stuff.PLASTER, (128, 126, 122))
    s.quad((0, 17.97, 5.3), (36, 0, 0), (0, 0, 0.7), Stuff.PLAIN, (38, 78, 130))
    for k, x in enumerate((5.0, 10.0, 15.0, 20.0)):
        s.box((x - 1.75, 17.72, 1.05), (x + 1.75, 17.96, 4.5), Stuff.PLAIN, (44, 46, 50))
        s.box(
            (x - 1.35, 17.66, 1.15),
            (x + 1.35, 17.8, 4.1),
            Stuff.CONTAINER,
            (186, 184, 172) if k % 2 else (168, 172, 178),
        )
        for side in (-1.75, 1.45):
            s.box((x + side, 17.4, 0.35), (x + side + 0.3, 17.95, 1.05), Stuff.PLAIN, (24, 24, 24))
        s.box((x - 0.3, 17.9, 4.75), (x + 0.3, 17.96, 5.2), Stuff.PLAIN, (222, 196, 50))
    s.box((24.4, 17.8, 0), (25.5, 17.98, 2.15), Stuff.PLAIN, (56, 84, 66))
    s.box((24.2, 17.0, 2.5), (25.7, 18, 2.6), Stuff.PLAIN, (90, 94, 98))
    s.box((22.3, 17.7, 0), (22.45, 17.9, 5.0), Stuff.PLAIN, (120, 124, 128))
    s.box((28.0, 17.3, 0), (30.2, 17.95, 1.7), Stuff.PLAIN, (112, 120, 116))
    s.box((36, 18, 0), (48, 30, 4.4), Stuff.BRICK, (142, 84, 66))
    for x in (37.5, 40.5, 43.5):
        s.box((x, 17.93, 1.1), (x + 1.7, 18.02, 2.5), Stuff.PLAIN, (48, 58, 68))


def container(
    s: Solids, x: float, y: float, colour: tuple[int, int, int], *, level: int = 0, turn: float = 0.0
) -> None:
    """A 20 ft container (6.06 x 2.44 x 2.59 m) with its south-west corner at x, y when not turned."""
    z = 2.59 * level
    s.box((x, y, z + 0.12), (x + 6.06, y + 2.44, z + 2.55), Stuff.CONTAINER, colour, turn_deg=turn)
    dark = tuple(int(c * 0.7) for c in colour)
    for dx in (0, 5.94):
        for dy in (0, 2.32):
            s.box(
                (x + dx, y + dy, z), (x + dx + 0.14, y + dy + 0.14, z + 2.59), Stuff.PLAIN, dark, turn_deg=turn
            ) if not turn else None


def yard(s: Solids) -> None:
    """Containers, pallets, a cable drum, bollards, lamp posts, a skip."""
    container(s, 8.2, 3.0, (38, 84, 128))
    container(s, 8.2, 5.6, (132, 62, 44))
    container(s, 8.4, 3.2, (60, 110, 84), level=1)
    container(s, 16.4, -3.2, (150, 128, 52))
    container(s, 25.2, -3.4, (46, 92, 96))
    container(s, 1.2, -3.0, (116, 50, 46))
    s.box((20.6, 5.4, 0), (22.4, 6.6, 2.05), Stuff.PLAIN, (96, 112, 98))
    s.box((20.55, 5.35, 2.05), (22.45, 6.65, 2.12), Stuff.PLAIN, (72, 84, 74))
    for x, y, n in ((17.0, 16.4, 5), (12.3, 16.3, 3), (7.6, 16.5, 7)):
        for k in range(n):
            s.box((x, y, 0.145 * k), (x + 1.2, y + 0.8, 0.145 * k + 0.12), Stuff.WOOD, (158, 126, 84))
    for x, y, h in ((18.6, 16.3, 1.05), (8.95, 16.4, 0.9)):
        s.box((x, y, 0), (x + 1.2, y + 0.8, 0.13), Stuff.WOOD, (158, 126, 84))
        s.box((x + 0.05, y + 0.04, 0.13), (x + 1.15, y + 0.76, h), Stuff.CARD, (172, 136, 92))
    for x in (29.9, 31.2, 32.5):
        s.post((x, 2.9), 1.0, 0.09, Stuff.PLAIN, YELLOW)
    for x, y in LAMP_POSTS:
        s.post((x, y), 6.0, 0.08, Stuff.PLAIN, (120, 124, 126), sides=10)
        s.box((x - 0.35, y - 0.15, 5.95), (x + 0.35, y + 0.15, 6.05), Stuff.PLAIN, (90, 92, 94))
    s.box((33.5, -4.6, 0), (37.3, -2.8, 1.4), Stuff.CONTAINER, (168, 120, 40))


LAMP_POSTS = ((14.6, 7.0), (29.6, 6.6), (22.0, -9.0), (31.0, -14.6))


def perimeter(s: Solids) -> None:
    """The fence, a path beyond, a kiosk."""
    s.netting((-10, -15.2), (44, -15.2), 2.4)
    s.quad((-30, -21.5, 0.0), (100, 0, 0), (0, 2.4, 0), Stuff.CONCRETE, (136, 130, 118), shades=False)
    s.box((15.4, -8.7, 0), (17.6, -6.6, 2.3), Stuff.PLASTER, (176, 172, 160))
    s.box((15.2, -8.9, 2.3), (17.8, -6.4, 2.42), Stuff.PLAIN, (82, 84, 88))
    s.box((16.2, -8.74, 0.95), (17.2, -8.69, 1.75), Stuff.PLAIN, (46, 56, 66))
    for x in (19.0, 21.0, 23.0):
        s.box((x, -9.3, 0), (x + 1.4, -9.05, 0.75), Stuff.CONCRETE, (166, 164, 158))


def gate(s: Solids) -> None:
    """The gate across the way along the fence: a frame with a sign, netting at both sides, two leaves open to the west.

    Put up on the Friday: a scene of the fence names it in `extra` from then on."""
    south, north = GATE_Y
    s.netting((GATE_X, -15.2), (GATE_X, south), 2.2)
    s.netting((GATE_X, north), (GATE_X, -9.9), 2.2)
    for y, out in ((south, 0.12), (north, -0.12)):
        s.box((GATE_X - 0.08, y - 0.08, 0), (GATE_X + 0.08, y + 0.08, 2.75), Stuff.PLAIN, YELLOW, cell=0.6)
        s.netting((GATE_X - 0.15, y - out), (GATE_X - 1.7, y - out), 1.9)
    s.box((GATE_X - 0.08, south, 2.6), (GATE_X + 0.08, north, 2.75), Stuff.PLAIN, YELLOW, cell=0.6)
    middle = (south + north) / 2
    s.box((GATE_X + 0.09, middle - 0.55, 2.32), (GATE_X + 0.13, middle + 0.55, 2.9), Stuff.PLAIN, (206, 210, 214))
    s.box((GATE_X + 0.13, middle - 0.42, 2.54), (GATE_X + 0.14, middle + 0.42, 2.68), Stuff.PLAIN, (176, 40, 36))


def inside(s: Solids) -> None:
    """The corridor: floor, walls with doors and racks, eight pillars."""
    s.quad((2, 20.0, 0.015), (34, 0, 0), (0, 8.0, 0), Stuff.FLOOR, (152, 156, 152), shades=False)
    for y in (21.55, 26.45):
        s.quad((2, y - 0.05, 0.02), (34, 0, 0), (0, 0.1, 0), Stuff.PAINT, YELLOW, shades=False)
    openings = [x for x, _ in DOORS]
    for a, b in zip((2.0, *(x + 1.1 for x in openings)), (*openings, 36.0), strict=True):
        s.box((a, 28.0, 0), (b, 28.2, 4.6), Stuff.PLASTER, (196, 196, 190))
    s.box((2, 19.8, 0), (36, 20.0, 4.6), Stuff.PLASTER, (190, 192, 190))
    s.box((1.8, 20.0, 0), (2.0, 28.0, 4.6), Stuff.PLASTER, (180, 182, 184))
    s.quad((2.02, 22.6, 0), (0, 2.8, 0), (0, 0, 3.0), Stuff.CONTAINER, (120, 128, 136))
    for x in PILLARS_X:
        for y in (21.9, 26.1):
            s.box((x - 0.3, y - 0.3, 0), (x + 0.3, y + 0.3, 4.6), Stuff.CONCRETE, (170, 168, 162))
            s.box((x - 0.32, y - 0.32, 0), (x + 0.32, y + 0.32, 0.55), Stuff.PAINT, YELLOW)
            s.box((x - 0.324, y - 0.324, 0.55), (x + 0.324, y + 0.324, 1.1), Stuff.PAINT, (40, 40, 40))
    for x, colour in DOORS:
        s.box((x, 28.0, 2.1), (x + 1.1, 28.2, 4.6), Stuff.PLASTER, (196, 196, 190))
        for dx in (-0.08, 1.1):
            s.box((x + dx, 27.95, 0), (x + dx + 0.08, 28.05, 2.18), Stuff.PLAIN, colour)
        s.quad((x - 1.5, 30.5, 0), (4.0, 0, 0), (0, 0, 3.0), Stuff.PLASTER, (150, 150, 146))
    for x in (6.0, 13.0, 23.5):
        s.box((x, 27.35, 0.0), (x + 2.6, 27.95, 0.12), Stuff.WOOD, (158, 126, 84))
        s.box((x + 0.1, 27.4, 0.12), (x + 1.2, 27.95, 1.0), Stuff.CARD, (176, 140, 96))
        s.box((x + 1.35, 27.4, 0.12), (x + 2.4, 27.95, 0.7), Stuff.CARD, (164, 130, 92))
    for x in (7.0, 15.0, 23.0):
        for z in (0.1, 1.3, 2.5):
            s.box((x, 20.05, z), (x + 4.5, 20.85, z + 0.08), Stuff.PLAIN, (196, 104, 36))
            s.box((x + 0.3, 20.1, z + 0.08), (x + 1.4, 20.8, z + 0.8), Stuff.CARD, (176, 140, 96))
            s.box((x + 1.7, 20.1, z + 0.08), (x + 2.9, 20.8, z + 0.65), Stuff.CARD, (150, 120, 86))
            s.box((x + 3.1, 20.1, z + 0.08), (x + 4.2, 20.8, z + 0.9), Stuff.PLAIN, (70, 92, 110))
        for dx in (0, 4.42):
            s.box((x + dx, 20.05, 0), (x + dx + 0.08, 20.13, 3.6), Stuff.PLAIN, (40, 70, 120))
            s.box((x + dx, 20.77, 0), (x + dx + 0.08, 20.85, 3.6), Stuff.PLAIN, (40, 70, 120))
    s.quad((2, 20, 4.6), (34, 0, 0), (0, 8.0, 0), Stuff.PLAIN, (206, 206, 202), shades=False)
    for x in np.arange(5, 33, 4.0):
        s.quad((x, 23.7, 4.4), (1.5, 0, 0), (0, 0.5, 0), Stuff.GLOW, (255, 252, 240), shades=False)


GATE_X, GATE_Y = 27.6, (-14.4, -11.0)
"""Where the gate stands across the way, and its posts."""

PILLARS_X = (8.0, 14.0, 20.0, 26.0)

DOORS = ((10.4, (60, 90, 120)), (20.4, (120, 60, 50)), (28.0, (60, 90, 120)))
"""Open doorways in the corridor's north wall: west edge and frame colour."""

TREES = (
    (2, 12.0, -24.5, 7.5),
    (3, 17.5, -25.5, 8.5),
    (5, 22.5, -23.8, 6.5),
    (7, 7.0, -26.0, 9.0),
    (11, 27.0, -25.0, 7.0),
    (13, 1.0, -25.0, 8.0),
)
"""Seed, x, y, height: they sway, so they are drawn frame by frame."""


def surroundings(s: Solids) -> None:
    """What lies beyond the site: the neighbour's hall and tanks in the west, fields and a row of trees in the south.

    A scene names it in `extra` where its camera sees that far."""
    s.quad((-90, -16, -0.03), (70, 0, 0), (0, 50, 0), Stuff.ASPHALT, (112, 110, 106), cell=6.0, shades=False)
    s.quad((-130, -150, -0.06), (240, 0, 0), (0, 91, 0), Stuff.GRASS, (104, 112, 62), cell=8.0, shades=False)
    s.quad((-130, -60, -0.06), (90, 0, 0), (0, 44, 0), Stuff.GRASS, (98, 108, 60), cell=8.0, shades=False)
    s.box((-52, -13, 0), (-34, 9, 7.5), Stuff.CLADDING, (150, 156, 160), cell=6.0)
    s.quad((-33.97, -13, 5.9), (0, 22, 0), (0, 0, 0.9), Stuff.PLAIN, (126, 52, 44), shades=False)
    for y in (-11.0, -6.5, -2.0, 2.5):
        s.quad((-33.96, y, 0.2), (0, 3.4, 0), (0, 0, 3.6), Stuff.CONTAINER, (92, 98, 104), shades=False)
    s.box((-50, 12, 0), (-38, 26, 5.2), Stuff.BRICK, (138, 96, 76), cell=6.0)
    for x, y in ((-27.5, -9.0), (-27.5, -4.5), (-27.0, 1.0)):
        s.box((x, y, 0.35), (x + 4.4, y + 1.8, 1.0), Stuff.PLAIN, (70 + int(8 * abs(y)), 84, 96))
        s.box((x + 0.9, y + 0.1, 1.0), (x + 3.4, y + 1.7, 1.55), Stuff.PLAIN, (38, 44, 50))
    s.box((-60, -62.5, 0), (60, -60.5, 1.6), Stuff.GRASS, (56, 72, 40), cell=4.0)
    for k in range(26):
        x, y = -58.0 + 4.3 * k + 1.7 * np.sin(2.3 * k), -66.0 - 4.0 * np.cos(1.7 * k)
        points, triangles, _ = tree(40 + k, (x, y), 8.5 + 2.6 * np.sin(1.3 * k))
        s.add(points, triangles, Stuff.LEAF, (62 + 6 * (k % 3), 80 + 5 * (k % 4), 46))


def depot() -> Solids:
    """The whole site without its trees."""
    heap = Solids()
    for part in (ground, warehouse, yard, perimeter, inside):
        part(heap)
    return heap
