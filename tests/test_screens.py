"""Screens for one model trained on real data are those that a person has read."""

import pytest

from tests import screens


@pytest.fixture(scope="module")
def co2(tmp_path_factory):
    return screens.train_co2(tmp_path_factory.mktemp("screens"))


@pytest.mark.parametrize(("width", "height"), screens.SIZES)
@pytest.mark.parametrize("verb", screens.SCREENS)
def test_a_screen_is_the_one_that_was_read_and_fits_its_window(co2, verb, width, height):
    text = screens.SCREENS[verb](co2, width)
    if (verb, width) not in screens.LONG:
        assert len(text.splitlines()) <= height - 2  # the command and the next prompt
    assert max(map(len, text.splitlines())) <= width
    assert screens.alike(text, screens.golden(verb, width, height).read_text())
