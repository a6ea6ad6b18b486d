"""The --fail-if expressions."""

import pytest

from grucli.cli.checks import check
from grucli.errors import CheckFailedError, UsageError

NUMBERS = {"mase": 1.25, "rmse": 3.0, "naive.rmse": 4.0, "mape": None}


@pytest.mark.parametrize("text", ["mase>1", "rmse >= 3", "*rmse<3.5", "rmse==3", "rmse!=2e0"])
def test_a_true_expression_fails_the_check(text):
    with pytest.raises(CheckFailedError) as caught:
        check([text], NUMBERS)
    assert caught.value.exit_code == 6


@pytest.mark.parametrize("text", ["mase>1.25", "rmse<3", "naive.rmse<4", "*rmse>1e3"])
def test_a_false_expression_passes(text):
    check([text], NUMBERS)


def test_the_message_names_the_number_and_its_value():
    with pytest.raises(CheckFailedError, match=r'--fail-if "mase>1": mase is 1\.25'):
        check(["rmse>5", "mase>1"], NUMBERS)


def test_an_undefined_number_cannot_pass():
    with pytest.raises(CheckFailedError, match="mape is not defined here"):
        check(["mape>50"], NUMBERS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("masse>1", "did you mean mase"),
        ("mase", "not a comparison"),
        ("mase>high", "not a comparison"),
        ("mase>1e", "not a comparison"),
        ("xyzzy>1", "known: mase, rmse"),
    ],
)
def test_nonsense_is_a_usage_error(text, says):
    with pytest.raises(UsageError, match=says):
        check([text], NUMBERS)
