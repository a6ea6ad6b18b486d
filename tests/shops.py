"""A table of shops, trained on, and cut where what is known in advance begins."""

import numpy as np
import pandas as pd

from grucli import train


def frame_of_shops(columns_of, **days):
    """So many days of each shop, with what ``columns_of(random, shop, days)`` gives for it."""
    random = np.random.default_rng(2)
    parts = [
        pd.DataFrame(
            {
                "shop": shop,
                "day": pd.date_range("2024-01-01", periods=count).strftime("%Y-%m-%d"),
                **columns_of(random, shop, count),
            }
        )
        for shop, count in days.items()
    ]
    return pd.concat(parts, ignore_index=True)


def train_shops(place, frame, recipe):
    """A folder with the table, the recipe, and its finished run in run/."""
    frame.to_csv(place / "shops.csv", index=False)
    (place / "shops.yaml").write_text(recipe)
    train(place / "shops.yaml", run_dir=place / "run")
    return place


def ahead_of(frame, steps=4):
    """What comes before the last rows of every shop, and what is known of these."""
    tail = frame.groupby("shop").tail(steps)
    return frame.drop(tail.index), tail.drop(columns="sold")
