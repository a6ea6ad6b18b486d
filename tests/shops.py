"""A table of shops, trained on, and cut where what is known in advance begins."""

from grucli import train


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
