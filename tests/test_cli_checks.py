"""The --fail-if expressions."""

import pytest

from grucli.cli.app import run
from grucli.cli.kit.checks import check
from grucli.errors import CheckFailedError, UsageError

NUMBERS = {"mase": 1.25, "rmse": 3.0, "naive.rmse": 4.0, "mape": None}
WEIGHTS = {"W_hz.norm": 9.0, "W_hz.cosine": float("nan"), "b_hz.norm": 2.0}
ADDRESSES = {
    "rnn/0.update.hh.norm": "W_hz.norm",
    "rnn/0.update.hh.cosine": "W_hz.cosine",
    "rnn/0.update.bias_hh.norm": "b_hz.norm",
}


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


@pytest.mark.parametrize(
    ("text", "failures"),
    [
        ("rnn/0.update.hh.norm>3", ["rnn/0.update.hh.norm is 9"]),
        ("*.hh.norm>3", ["rnn/0.update.hh.norm is 9"]),
        ("*norm>1", ["W_hz.norm is 9", "b_hz.norm is 2"]),
        ("*h*.norm>1", ["W_hz.norm is 9", "b_hz.norm is 2"]),
    ],
)
def test_a_number_with_two_names_answers_to_both_and_fails_once(text, failures):
    with pytest.raises(CheckFailedError) as caught:
        check([text], WEIGHTS, ADDRESSES)
    assert str(caught.value).splitlines() == [f'--fail-if "{text}": {words}' for words in failures]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("norm<2", r"did you mean \*\.norm\?"),
        ("nrom<2", r"did you mean \*\.norm\?"),
        ("rnn/0.updat.hh.norm<2", r"did you mean rnn/0\.update\.hh\.norm\?"),
    ],
)
def test_a_statistic_without_its_matrix_is_asked_of_every_one(text, says):
    with pytest.raises(UsageError, match=says):
        check([text], WEIGHTS, ADDRESSES)


def test_a_number_that_is_nan_cannot_pass():
    with pytest.raises(CheckFailedError, match=r"W_hz\.cosine is not defined here"):
        check(["W_hz.cosine<0.5"], WEIGHTS, ADDRESSES)


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


def test_a_list_that_is_cut_says_how_many_names_are_missing():
    numbers = {f"q{letter}": 1.0 for letter in "abcdefghijklmnop"}
    with pytest.raises(UsageError, match=r"known: qa, .*, ql and 4 more$"):
        check(["xyzzy>1"], numbers)
    with pytest.raises(UsageError, match=r"known: mase, rmse, naive\.rmse, mape$"):
        check(["xyzzy>1"], NUMBERS)


def test_every_comparison_that_is_taken_is_named():
    with pytest.raises(UsageError, match="one of < <= > >= == != and a number"):
        check(["mase=>1"], NUMBERS)


@pytest.mark.parametrize("text", ["nan", "mase=>1", "mase>high"])
@pytest.mark.parametrize("arguments", [["eval", "x"], ["inspect-weights", "x"]])
def test_no_comparison_is_refused_before_the_file_is_looked_for(capsys, arguments, text):
    assert run([*arguments, "--fail-if", "mase>1", "--fail-if", text]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f'error: --fail-if "{text}": not a comparison; expected ')


@pytest.mark.parametrize("value", ["foo", "it's"])
def test_a_value_that_is_no_choice_is_told_in_our_own_words(capsys, value):
    assert run(["inspect-weights", "x", "--names", value]) == 2
    assert capsys.readouterr().err == (
        f"error: grucli inspect-weights: --names {value}: expected one of symbols, torch, keras, "
        "words; see grucli inspect-weights --help\n"
    )


@pytest.mark.parametrize("name", ["column.sold [kg].mae", "column.a b.mae", "column.x*y?.mae"])
def test_names_may_hold_blanks_and_brackets(name):
    numbers = {"mase": 0.5, name: 2.0}
    check([f"{name} > 3"], numbers)
    with pytest.raises(CheckFailedError, match=r"is 2$"):
        check([f"{name}>1"], numbers)
