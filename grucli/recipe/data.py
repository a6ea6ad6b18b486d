"""The section data of a recipe: the table, how it is written, and what its columns are."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from grucli.calendars import calendar_columns
from grucli.columns import Columns
from grucli.dialect import Dialect
from grucli.recipe.kinds import (
    DELIMITER_WORDS,
    THOUSANDS_WORDS,
    CalendarParts,
    Encoding,
    Frequency,
    MissingByColumn,
    Share,
    ShareOrNone,
    Text,
    TextOrList,
    TextOrTextsOrNone,
    Texts,
    TextsOrFound,
    TimeFormat,
    TimeZone,
)
from grucli.recipe.sections import Section


class SplitRecipe(Section):
    """Spans of time, always in the order train, valid, test; or whole series, by the task.

    Each is a fraction of all rows (below 1), a number of steps (a whole number), or a text: the
    first time of that span. A year must be quoted to be a time: "1990". Of whole series
    (task classify and regress, and label of many series) they are a fraction or a number.
    """

    train: Share | None = Field(
        default=None,
        description="Training span; null takes all that is left before valid. Given as steps, "
        "train, valid and test follow each other from the first row and later rows are unused.",
    )
    valid: Share = Field(
        default=0.1, description="Validation span: early stopping and the best weights go by it."
    )
    test: ShareOrNone = Field(
        default=0.2,
        description="Test span: looked at once, when training is over; 0 is none, for a model that "
        "is not judged. Of whole series also the path of a table of its own, relative to the "
        "recipe.",
    )
    column: Text | None = Field(
        default=None,
        description="Of whole series: column that says train, valid or test of each; where it "
        "never says valid, that part is drawn from train.",
    )
    by: Literal["series", "time"] = Field(
        default="series",
        description="task label of many series: whole ones are dealt out, or each is cut by time.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=4_294_967_295,
        description="Of whole series: which are drawn for valid and test, classes in proportion.",
    )


class ReadRecipe(Section):
    """How the table is written, where it is not as a program would write it."""

    delimiter: Literal[",", ";", "\t", "|", ":", " "] | None = Field(
        default=None,
        description="What separates cells; null is a tab in a .tsv file and a comma elsewhere.",
        json_schema_extra={"errorMessage": DELIMITER_WORDS},
    )
    decimal: Literal[".", ","] = Field(
        default=".", description="What stands in front of the digits below one."
    )
    thousands: Literal[",", ".", " ", "'", "_"] | None = Field(
        default=None,
        description="What separates thousands; null allows nothing within a number.",
        json_schema_extra={"errorMessage": THOUSANDS_WORDS},
    )
    encoding: Encoding = Field(
        default="utf-8", description="Encoding of the text, such as cp1252, latin-1 or utf-16."
    )
    time_format: TimeFormat | None = Field(
        default=None,
        description="How times are written, such as %d.%m.%Y %H:%M; null reads ISO 8601 and whole "
        "numbers.",
    )
    time_zone: TimeZone | None = Field(
        default=None,
        description="Time zone of the clock that times were read from, such as Europe/Berlin: rows "
        "less than a day apart are put in UTC; null leaves all as they are.",
    )
    missing_values: Texts = Field(
        default=(),
        description="What stands for a missing value, beside nothing, NA, N/A, NaN, nan and null; "
        "a number in quotes stands for every cell of its value.",
    )


class DataRecipe(Section):
    """The table and what its columns are."""

    path: TextOrList = Field(
        description="CSV file, relative to the recipe, also as .gz, .bz2, .xz or .zst; a pattern "
        "such as *.csv or a list for several files of one table; - is stdin."
    )
    read: ReadRecipe = Field(
        default=ReadRecipe(), description="How the table is written, where it is not plain."
    )
    time: TextOrList = Field(
        description="Name of the time column, or a list of those that a time is built from: year, "
        "month, day, hour, minute and second, or date and time of day."
    )
    frequency: Frequency | None = Field(
        default=None,
        description="Distance between rows, such as 15min, 1h, 1D, 1W, 1M, business_day; null "
        "infers it.",
    )
    regularise: bool = Field(
        default=False,
        description="Move rows to the nearest of evenly spaced times, the mean where several meet; "
        "times without a row are missing values.",
    )
    series: TextOrTextsOrNone = Field(
        default=(),
        description="Column whose text names the series that a row belongs to, or a list of such "
        "columns; empty where the table is one series.",
    )
    target: TextOrTextsOrNone = Field(
        default=(),
        description="Column to forecast, or a list of columns; other tasks have none.",
    )
    past: Texts = Field(
        default=(),
        description="More input columns, known only up to the newest row; tasks "
        "classify, regress and label cannot do without.",
    )
    future: Texts = Field(
        default=(),
        description="Input columns that are known in advance, such as promotions: the model reads "
        "them of the steps that it forecasts too, and predict is given them with --future.",
    )
    calendar: CalendarParts = Field(
        default=(),
        description="What the model is told of each time, also of those that it forecasts: hour, "
        "weekday, month, year_day, lunar (month and day) as sine and cosine, holidays.DE (or "
        "another country) and chinese_festivals as 0 or 1.",
    )
    static: Texts = Field(
        default=(),
        description="Input columns that are constant within a series, such as the size of a shop.",
    )
    categories: TextsOrFound = Field(
        default=None,
        description="Columns of past, future and static whose values are names and not sizes: each "
        "name gets a vector that is learned. null takes the columns that hold texts; a list takes "
        "these and no others, also where their names are numbers.",
    )
    missing: MissingByColumn = Field(
        default="error",
        description="Empty cells and absent rows: stop, carry the last value forward, draw a line "
        "between neighbours, carry forward and give the model a column that says so (mask), or "
        "take them for 0. A mapping says it column by column; columns that it does not name stop.",
    )
    transform: Literal["none", "log", "log1p"] = Field(
        default="none",
        description="What the targets are turned into before they are scaled, undone on the "
        "output: their logarithm, or that of one more.",
    )
    scale: Literal["standard", "minmax", "robust", "none"] = Field(
        default="standard",
        description="Scaling of every column, fitted on the training span only.",
    )
    scale_by: Literal["table", "series"] = Field(
        default="table",
        description="One scale for all series, or one for each, fitted on its own rows of the "
        "training span. A series that was not trained on is scaled by its own history; the "
        "checkpoint keeps 16 bytes a column for each series, and its name.",
    )
    split: SplitRecipe = Field(
        default=SplitRecipe(), description="Where training ends, validation and test begin."
    )

    @property
    def times(self) -> tuple[str, ...]:
        """The columns that hold the time."""
        return (self.time,) if isinstance(self.time, str) else self.time

    @property
    def dialect(self) -> Dialect:
        """How the table is written."""
        return Dialect(**self.read.model_dump())

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that are read beside the targets."""
        return (*self.past, *self.future, *self.static)

    @property
    def policies(self) -> tuple[str, ...]:
        """What is done with missing values of each column that stands in the table.

        A static column is carried forward where missing values are no error: it is constant. A
        category is unknown where it is missing.
        """
        names, missing = (*self.target, *self.past, *self.future), self.missing
        own = dict.fromkeys(self.categories or (), "unknown")
        if isinstance(missing, str):
            fixed = "error" if missing == "error" else "forward"
            others = [own.get(name, missing) for name in names]
            return (*others, *(fixed for _ in self.static))
        others = [own.get(name) or missing.get(name, "error") for name in names]
        return (*others, *(missing.get(name, "forward") for name in self.static))

    @property
    def columns(self) -> Columns:
        """What a model reads of a row."""
        columns = Columns(
            self.target,
            self.past,
            self.future,
            tuple(name for part in self.calendar for name in calendar_columns(part)),
            self.static,
            categories=self.categories or (),
        )
        policies = zip(columns.read, self.policies, strict=True)
        masked = {name for name, policy in policies if policy == "mask"} - {*self.static}
        return replace(columns, flagged=tuple(name for name in columns.read if name in masked))
