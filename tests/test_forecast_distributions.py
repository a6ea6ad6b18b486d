"""Forecasts of distributions: their likelihoods, quantiles and scores beside other ways to them."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from grucli import evaluate, predict, train
from grucli.checkpoint import load_checkpoint
from grucli.data import Scaler
from grucli.errors import DataError
from grucli.nn import Forecaster
from grucli.nn.heads import Gaussian, NegativeBinomial, Point, Quantiles, StudentT
from grucli.nn.heads.special import student_t_quantile
from grucli.runs.opened import open_table
from grucli.tasks.forecast.calibration import GRID, Calibration
from grucli.tasks.forecast.chances import chance_errors
from grucli.tasks.forecast.intervals import Bounds
from tests.conftest import RECIPE, write_wave
from tests.recipe_texts import BASE, errors_of, load

NORMAL = (1.5, 0.7)
STUDENT = [(1.5, 0.7, 2.2), (0.0, 2.0, 5.5), (-3.0, 1.0, 80.0)]
COUNTED = [(0.4, 3.0), (3.0, 0.2), (40.0, 1.0), (900.0, 0.01), (5.0, 1e-3)]
LINE = np.sinh(np.linspace(-11, 11, 200_001))


def of(kind, *parameters):
    """A distribution of one value."""
    return kind(*(torch.full((1, 1, 1), float(each), dtype=torch.float64) for each in parameters))


def one(value):
    return torch.full((1, 1, 1), float(value), dtype=torch.float64)


def normal_density(x, mean, deviation):
    return np.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))


def student_density(x, center, size, n):
    front = math.lgamma((n + 1) / 2) - math.lgamma(n / 2) - math.log(n * math.pi) / 2
    z = (x - center) / size
    return np.exp(front - (n + 1) / 2 * np.log1p(z**2 / n)) / size


def count_chances(mean, a):
    """The chances of 0, 1, 2, ... from (k + r - 1)! / (k! (r - 1)!) p^r (1 - p)^k, r = 1 / a."""
    counts = range(int(mean + 60 * math.sqrt(mean + a * mean**2)) + 60)
    r, p = 1 / a, 1 / (1 + a * mean)
    return np.array([
        math.exp(
            math.lgamma(k + r) - math.lgamma(k + 1) - math.lgamma(r)
            + r * math.log(p) + k * math.log1p(-p)
        )
        for k in counts
    ])  # fmt: skip


def numeric_crps(density, y):
    """The integral of (F(x) - [x >= y])^2 on a grid, F by the trapezoidal rule."""
    x = y + LINE
    steps = np.diff(x) * (density(x)[1:] + density(x)[:-1]) / 2
    share = np.concatenate([[0.0], np.cumsum(steps)])
    return np.trapezoid((share / share[-1] - (x >= y)) ** 2, x)


# --- likelihood --------------------------------------------------------------------------------
def test_the_losses_are_negative_log_likelihoods():
    for y in (-2.0, 0.0, 1.7):
        expected = -math.log(normal_density(y, *NORMAL))
        assert float(of(Gaussian, *NORMAL).losses(one(y))) == pytest.approx(expected)
        for known in STUDENT:
            expected = -math.log(student_density(y, *known))
            assert float(of(StudentT, *known).losses(one(y))) == pytest.approx(expected)


@pytest.mark.parametrize(("mean", "a"), COUNTED)
def test_the_loss_of_counts_is_their_negative_log_likelihood(mean, a):
    chances = count_chances(mean, a)
    assert chances.sum() == pytest.approx(1)
    made = of(NegativeBinomial, mean, a)
    assert (chances * np.arange(len(chances))).sum() == pytest.approx(mean)
    assert float(made.spread) ** 2 == pytest.approx(
        (chances * (np.arange(len(chances)) - mean) ** 2).sum()
    )
    for y in (0, 1, int(2 * mean)):
        expected = -math.log(chances[y])
        assert float(made.losses(one(y))) == pytest.approx(expected, rel=1e-6)
        rough = NegativeBinomial(made.mean.float(), made.dispersion.float())
        assert float(rough.losses(one(y).float())) == pytest.approx(expected, rel=1e-4)


# --- quantiles ---------------------------------------------------------------------------------
@pytest.mark.parametrize("level", [0.01, 0.2, 0.5, 0.9, 0.995])
def test_so_much_of_a_distribution_lies_below_its_quantile(level):
    cases = [(Gaussian, NORMAL, normal_density)]
    cases += [(StudentT, known, student_density) for known in STUDENT]
    for kind, known, density in cases:
        x = known[0] + LINE
        steps = np.diff(x) * (density(x, *known)[1:] + density(x, *known)[:-1]) / 2
        below = np.interp(float(of(kind, *known).quantile(level)), x[1:], np.cumsum(steps))
        assert below == pytest.approx(level, abs=1e-4)


@pytest.mark.parametrize(("mean", "a"), COUNTED)
def test_the_quantile_of_counts_is_the_least_that_is_enough(mean, a):
    share = np.cumsum(count_chances(mean, a))
    made = of(NegativeBinomial, mean, a)
    for level in (0.01, 0.2, 0.5, 0.9, 0.995):
        expected = np.searchsorted(share, level)
        assert float(made.quantile(level)) == expected
        assert float(made._halved(level, one(2 * expected + 10))) == expected
    for count in (0, 1, int(mean)):
        assert float(made.share(one(count))) == pytest.approx(share[count], rel=1e-9)


def test_quantiles_of_student_t_are_those_of_tables():
    degrees = torch.tensor([2.0, 5.0, 30.0, 1e9], dtype=torch.float64)
    expected = [4.30265, 2.57058, 2.04227, 1.95996]
    assert student_t_quantile(0.975, degrees).tolist() == pytest.approx(expected, rel=1e-5)
    assert student_t_quantile(0.025, degrees).tolist() == pytest.approx(
        [-each for each in expected], rel=1e-5
    )


# --- crps --------------------------------------------------------------------------------------
def test_the_score_is_the_integral_that_defines_it():
    for y in (-2.0, 0.3, 4.0):
        expected = numeric_crps(lambda x: normal_density(x, *NORMAL), y)
        assert float(of(Gaussian, *NORMAL).crps(one(y))) == pytest.approx(expected, rel=1e-3)
        for known in STUDENT[1:]:
            expected = numeric_crps(lambda x, known=known: student_density(x, *known), y)
            assert float(of(StudentT, *known).crps(one(y))) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("mean", "a"), COUNTED)
def test_the_score_of_counts_is_the_sum_that_defines_it(mean, a):
    share = np.cumsum(count_chances(mean, a))
    for y in (0, 1, int(mean), int(3 * mean) + 2):
        expected = ((share - (np.arange(len(share)) >= y)) ** 2).sum()
        found = float(of(NegativeBinomial, mean, a).crps(one(y)))
        assert found == pytest.approx(expected, rel=1e-5)


SCALER = Scaler("standard", ("y",), np.array([10.0]), np.array([4.0]))
LOGARITHM = replace(SCALER, center=np.array([1.0]), spread=np.array([0.5]), transform="log",
                    transformed=("y",))  # fmt: skip


def test_scores_are_in_units_of_the_table():
    found = chance_errors(of(Gaussian, 0.5, 0.8), one(15.0), SCALER)
    density = [lambda x: normal_density(x, 12.0, 3.2)]
    assert float(found["crps"]) == pytest.approx(numeric_crps(density[0], 15.0), rel=1e-3)
    losses = []
    for decile in range(1, 10):
        q = 12.0 + 3.2 * float(of(Gaussian, 0, 1).quantile(decile / 10))
        losses.append(decile / 10 * (15 - q) if q < 15 else (1 - decile / 10) * (q - 15))
    assert float(found["pinball"]) == pytest.approx(np.mean(losses))


def test_of_a_logarithm_the_score_is_that_of_the_values():
    def density(x):
        x = np.maximum(x, 1e-12)
        return normal_density(np.log(x), 1.25, 0.4) / x

    found = chance_errors(of(Gaussian, 0.5, 0.8), one(5.0), LOGARITHM)
    assert float(found["crps"]) == pytest.approx(numeric_crps(density, 5.0), rel=0.02)


def test_quantiles_close_together_score_as_the_distribution_that_they_are_of():
    levels = tuple(step / 200 for step in range(1, 200))
    known = of(Gaussian, 0.5, 0.8)
    made = Quantiles(torch.stack([known.quantile(level) for level in levels], dim=-2), levels)
    found = chance_errors(made, one(15.0), SCALER)
    expected = chance_errors(known, one(15.0), SCALER)
    assert float(found["crps"]) == pytest.approx(float(expected["crps"]), rel=0.01)
    assert float(found["pinball"]) == pytest.approx(float(expected["pinball"]))
    assert chance_errors(Point(one(0.5), None), one(15.0), SCALER) == {}


# --- runs --------------------------------------------------------------------------------------
def write_counts(path: Path) -> None:
    """Two series of counts with a week, the second far larger; negative binomial by draws."""
    draws, lines = np.random.default_rng(0), ["shop,day,sold"]
    for shop, size in (("a", 2.0), ("b", 60.0)):
        mean = size * (1.5 + np.sin(2 * np.pi * np.arange(200) / 7))
        sold = draws.poisson(draws.gamma(2.0, mean / 2.0))
        days = np.datetime64("2024-01-01") + np.arange(200)
        lines += [f"{shop},{day},{count}" for day, count in zip(days, sold, strict=True)]
    path.write_text("\n".join(lines) + "\n")


COUNTS_RECIPE = """\
name: sold
data:
  path: sold.csv
  time: day
  target: sold
  series: shop
task: {context: 14, horizon: 3, normalise: mean, output: negative_binomial}
model: {hidden: 8}
train: {lr: 1.0e-2, batch_size: 16, epochs: 3, seed: 7}
"""


@pytest.fixture(scope="module")
def sold(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sold")
    write_counts(folder / "sold.csv")
    (folder / "sold.yaml").write_text(COUNTS_RECIPE)
    return train(folder / "sold.yaml", run_dir=folder / "run").best_path


def test_counts_are_forecast_as_counts_whatever_the_size_of_their_series(sold):
    forecast = predict(sold, levels=[80])
    values = np.array(forecast.values["sold"])
    ends = [np.array(forecast.bounds[f"sold-{side}-80"]) for side in ("lo", "hi")]
    for numbers in (values, *ends):
        assert (numbers >= 0).all()
        assert (numbers == np.floor(numbers)).all()
    assert (ends[0] <= values).all()
    assert (values <= ends[1]).all()
    assert values[3:].mean() > 8 * max(values[:3].mean(), 1)
    scaler = open_table(sold).learned.scaler
    assert (scaler.center[0], scaler.spread[0]) == (0.0, 1.0)


def test_coverage_of_counts_is_at_least_the_level(sold):
    score = evaluate(sold, split="valid", levels=[80]).intervals[0]
    assert 0.8 <= score.coverage <= 0.95
    assert evaluate(sold).model.crps < evaluate(sold).model.mae


@pytest.mark.parametrize(("value", "shown"), [("-3", "-3"), ("2.5", "2.5")])
def test_what_is_no_count_is_refused_in_one_line(sold, tmp_path, value, shown):
    lines = Path(sold).parents[1].joinpath("sold.csv").read_text().splitlines()
    lines[10] = f"a,2024-01-10,{value}"
    (tmp_path / "other.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as caught:
        predict(sold, str(tmp_path / "other.csv"))
    (line,) = caught.value.problems
    assert line.endswith(
        f"other.csv: column 'sold': series 'a' has {shown} at 2024-01-10; expected whole numbers "
        "of 0 or more, as task.output negative_binomial counts; correct it, or choose another "
        "output"
    )


KINDS = [
    ("gaussian", "lstm", "decoder: recursive"),
    ("student_t", "gru, layer_norm: split", "decoder: segment, segment: 3, skip: linear"),
    ("{quantiles: [0.1, 0.5, 0.9]}", "rnn", "decoder: recursive, skip: linear"),
    ("negative_binomial", "gru", "decoder: segment, segment: 2"),
]


@pytest.mark.parametrize(("output", "cell", "decoder"), KINDS)
def test_every_output_is_learned_judged_and_forecast(tmp_path, output, cell, decoder):
    write_counts(tmp_path / "sold.csv")
    text = COUNTS_RECIPE.replace("negative_binomial", output)
    text = text.replace("hidden: 8", f"hidden: 8, cell: {cell}, {decoder}")
    text = text.replace("epochs: 3", "epochs: 1, average: ema")
    (tmp_path / "sold.yaml").write_text(text)
    best = train(tmp_path / "sold.yaml", run_dir=tmp_path / "run").best_path
    scores = evaluate(best)
    assert scores.model.has_chances
    assert not scores.baselines["naive"].has_chances
    assert scores.baselines["naive"].crps == scores.baselines["naive"].mae
    assert scores.baselines["naive"].pinball == scores.baselines["naive"].mae / 2
    assert scores.model.pinball < scores.model.crps < 2 * scores.model.mae
    bounds = predict(best, levels=[80, 95]).bounds
    assert np.isfinite(list(bounds.values())).all()


def test_training_of_a_distribution_goes_on_bit_for_bit_and_is_done_again_on_all_rows(tmp_path):
    write_counts(tmp_path / "sold.csv")
    text = COUNTS_RECIPE.replace("epochs: 3", "epochs: 2, average: ema, refit: true")
    (tmp_path / "sold.yaml").write_text(text)
    whole = train(tmp_path / "sold.yaml", run_dir=tmp_path / "run").best_path
    half = train(tmp_path / "sold.yaml", ["train.epochs=1"], run_dir=tmp_path / "half").best_path
    train(tmp_path / "sold.yaml", ["train.epochs=2"], run_dir=tmp_path / "half", resume=True)
    weights, resumed = load_checkpoint(whole).weights, load_checkpoint(half).weights
    assert all(np.array_equal(weights[name], resumed[name]) for name in weights)
    assert len(predict(tmp_path / "run" / "refit" / "best.pt").values["sold"]) == 6


@pytest.mark.parametrize("output", ["student_t", "{quantiles: [0.1, 0.5, 0.9]}"])
def test_several_models_with_texts_answer_with_their_mean_and_its_intervals(tmp_path, output):
    write_counts(tmp_path / "sold.csv")
    head, *rows = (tmp_path / "sold.csv").read_text().splitlines()
    promo = [f"{row},{'tv' if day % 5 else 'none'}" for day, row in enumerate(rows)]
    (tmp_path / "sold.csv").write_text("\n".join([f"{head},promo", *promo]) + "\n")
    text = COUNTS_RECIPE.replace("negative_binomial", output).replace("epochs: 3", "epochs: 1")
    text = text.replace("series: shop", "series: shop\n  past: [promo]")
    (tmp_path / "sold.yaml").write_text(text.replace("seed: 7", "seed: 7, seeds: 2"))
    best = train(tmp_path / "sold.yaml", run_dir=tmp_path / "run", threads=1).best_path
    one = {"run_dir": tmp_path / "one", "threads": 1}
    first = train(tmp_path / "sold.yaml", ["train.seeds=1"], **one).best_path
    members = [predict(each) for each in (first, tmp_path / "run" / "seeds" / "8")]
    together = predict(best, levels=[80])
    for kind in ("values", "quantiles"):
        for name, values in getattr(together, kind).items():
            mean = np.mean([getattr(member, kind)[name] for member in members], axis=0)
            assert values == pytest.approx(mean, rel=1e-5)
    assert 0.8 <= evaluate(best, split="valid", levels=[80]).intervals[0].coverage <= 0.84


@pytest.mark.parametrize(
    "made",
    [
        of(Gaussian, *NORMAL),
        of(StudentT, *STUDENT[0]),
        of(NegativeBinomial, 14.0, 0.5),
        Quantiles(torch.tensor([-1.0, 0.0, 4.0]).reshape(1, 1, 3, 1), (0.1, 0.5, 0.9)),
    ],
)
def test_an_interval_holds_those_of_lower_levels(made):
    """Also where quantiles of 50 % are too near to each other and those of 80 % too far apart."""
    errors = np.where((GRID <= 65) | (GRID > 87.5), 0.8, -0.9).astype(np.float32) + GRID / 1e4
    bounds = Bounds(Calibration(errors.reshape(-1, 1, 1)), ())
    own = Scaler("none", ("sold",), np.zeros(1), np.ones(1))
    ends = np.array([[float(end) for end in bounds.ends(level, made, own)] for level in GRID])
    assert (np.diff(ends[:, 0]) <= 0).all()
    assert (np.diff(ends[:, 1]) >= 0).all()


def test_normal_intervals_of_a_wave_cover_what_they_say(tmp_path):
    write_wave(tmp_path / "wave.csv", rows=400)
    text = RECIPE.replace("normalise: last", "normalise: mean_std, output: gaussian")
    (tmp_path / "wave.yaml").write_text(text.replace("layers: 2, dropout: 0.1", "layers: 1"))
    best = train(tmp_path / "wave.yaml", run_dir=tmp_path / "run").best_path
    scores = evaluate(best, levels=[80])
    assert 0.7 <= scores.intervals[0].coverage <= 0.9


# --- what cannot be ----------------------------------------------------------------------------
@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def counts_with(change):
    text = BASE.replace("horizon: 2", "horizon: 2, output: negative_binomial, normalise: mean")
    old, new = change
    assert old in text + "train: {}"
    return (text + "train: {}\n").replace(old, new)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            (", normalise: mean", ""),
            "r.yaml:6:33: task.normalise: found none with task.output negative_binomial, whose "
            "windows are divided by the mean of their counts; expected mean",
        ),
        (
            ("target: y", "target: y\n  transform: log1p"),
            "r.yaml:6:3: data.transform: found log1p with task.output negative_binomial, which "
            "forecasts the counts; expected none",
        ),
        (
            ("target: y", "target: y\n  series: s\n  scale_by: series"),
            "r.yaml:7:3: data.scale_by: found series with task.output negative_binomial, whose "
            "targets are scaled window by window; expected table",
        ),
        (
            ("train: {}", "train: {loss: huber}"),
            "r.yaml:7:9: train.loss: found huber with task.output negative_binomial, whose loss is "
            "the negative log-likelihood; leave it out",
        ),
        (
            ("train: {}", "train: {loss_units: window}"),
            "r.yaml:7:9: train.loss_units: found window with task.output negative_binomial, whose "
            "likelihood weighs every window by itself; expected scaled",
        ),
    ],
)
def test_what_makes_no_sense_with_counts_is_refused_at_its_line(elsewhere, change, says):
    (line,) = errors_of(counts_with(change))
    assert line.split(": ", 1)[1] == says.split(": ", 1)[1]
    assert line.startswith("r.yaml:")


def test_a_distribution_that_needs_no_more_is_taken(elsewhere):
    text = BASE.replace("horizon: 2", "horizon: 2, output: student_t")
    assert load(text).forecast.output_kind == "student_t"


def test_counts_of_windows_that_are_not_divided_by_their_mean_are_no_model():
    with pytest.raises(ValueError, match="expects 'mean'"):
        Forecaster(output="negative_binomial", normalise="last")
