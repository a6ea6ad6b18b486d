"""Scores and runs to be shown."""

from dataclasses import replace

from rich.cells import cell_len

from grucli.results import (
    Comparison,
    MetricSet,
    Scores,
    Step,
    TrainingFinished,
)

WIDTHS = [60, 80, 120]


def metrics(rmse: float, **changes: float | None) -> MetricSet:
    values = MetricSet(
        mse=rmse**2,
        rmse=rmse,
        mae=0.8 * rmse,
        mape=3.0 * rmse,
        smape=3.1 * rmse,
        mase=rmse / 1.7,
        r2=1 - rmse**2 / 100,
        pinball=0.4 * rmse,
        crps=0.8 * rmse,
        scaled_mse=rmse**2 / 200,
        scaled_mae=rmse / 15,
    )
    return replace(values, **changes)


COMPARISONS = {
    "naive": Comparison(0.9, 0.8, 0.95, 0.0, "better"),
    "seasonal_naive": Comparison(0.5, 0.4, 0.58, 0.0, "better"),
    "drift": Comparison(0.1, -0.1, 0.25, 0.3, "no difference"),
    "ridge": Comparison(-0.25, -0.4, -0.1, 0.01, "worse"),
}


def scores(model: float = 0.6, *, horizon: int = 26, **changes: float | None) -> Scores:
    return Scores(
        split="test",
        windows=431,
        values=11206,
        horizon_steps=horizon,
        season_steps=52,
        model=metrics(model, **changes),
        baselines={
            "naive": metrics(2.4, **changes),
            "seasonal_naive": metrics(1.71, **changes),
            "drift": metrics(2.2, **changes),
            "ridge": metrics(0.9, **changes),
        },
        by_step=tuple(metrics(model * (0.5 + step / horizon)) for step in range(horizon)),
        by_column={"co2": metrics(model), "a\x1b[2Jname": metrics(1e5)},
        comparisons=COMPARISONS,
    )


def finished(result: Scores | None = None, **changes: object) -> TrainingFinished:
    event = TrainingFinished(
        reason="patience",
        run_dir="runs/co2",
        best_path="runs/co2/best.pt",
        best_epoch=12,
        best_valid_loss=0.0606,
        epochs=17,
        steps=680,
        elapsed_seconds=65.4,
        steps_per_second=41.2,
        scores=result,
    )
    return replace(event, **changes)


def step(epoch: int = 1, number: int = 1, loss: float = 0.5) -> Step:
    return Step(epoch, 40 * (epoch - 1) + number, number, 40, loss, 1e-3, 32)


def widest(text: str) -> int:
    return max(cell_len(line) for line in text.splitlines())
