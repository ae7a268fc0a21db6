"""The people of Depot North: builds and clothes, reused from clip to clip."""

from .body import Look

PALE, TAN, BROWN, DARK = (222, 178, 150), (198, 150, 118), (140, 96, 70), (92, 62, 46)
BLOND, BLACK, GREY = (150, 118, 74), (30, 26, 24), (130, 128, 124)

WORKER = Look(1.80, 1.08, TAN, BLACK, (46, 60, 88), (50, 56, 70), vest=(216, 232, 58), helmet=(238, 238, 234))
FOREMAN = Look(1.76, 1.22, PALE, GREY, (120, 118, 110), (60, 56, 50), vest=(240, 120, 40), helmet=(240, 206, 50))
PICKER = Look(1.68, 0.95, BROWN, BLACK, (36, 82, 66), (58, 60, 66), long_hair=True)
PORTER = Look(1.84, 1.05, PALE, BLOND, (168, 54, 44), (66, 68, 78), carries="box", sleeves="short")
CLERK = Look(1.65, 0.92, PALE, (98, 60, 36), (196, 186, 164), (52, 48, 54), long_hair=True, carries="bag")
DRIVER = Look(1.78, 1.25, TAN, GREY, (88, 96, 104), (92, 92, 84))
GUARD = Look(1.83, 1.1, DARK, BLACK, (24, 30, 46), (26, 28, 36), vest=(196, 214, 70))
VISITOR = Look(1.76, 0.98, PALE, (74, 50, 34), (176, 92, 52), (52, 64, 104), backpack=(60, 84, 120))
STRANGER = Look(1.77, 1.0, PALE, BLACK, (84, 62, 58), (62, 66, 84), hood=True)
INTRUDER = Look(1.79, 1.02, TAN, (90, 64, 40), (112, 48, 44), (60, 70, 110))
CLEANER = Look(1.66, 1.1, BROWN, BLACK, (70, 120, 150), (64, 90, 116), carries="bag")
SECOND_CLEANER = Look(1.76, 0.97, PALE, GREY, (84, 134, 162), (70, 96, 122))
APPRENTICE = Look(1.72, 0.93, DARK, BLACK, (206, 202, 192), (84, 92, 110), sleeves="short")
