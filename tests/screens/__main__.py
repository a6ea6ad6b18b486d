"""Write every screen again."""

import tempfile
from pathlib import Path

from tests import screens

with tempfile.TemporaryDirectory() as folder:
    run = screens.train_co2(Path(folder))
    for verb, draw in screens.SCREENS.items():
        for width, height in screens.SIZES:
            screens.golden(verb, width, height).write_text(draw(run, width))
