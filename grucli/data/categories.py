"""Columns of texts as categories: a number for each text, which a model turns into a vector.

A row of a table holds the number of its text among ``words``, in which number 0 is no text. What a
model knows is the ``vocabulary`` of the training span, and a class is a place in it; class 0 is
every text that is not there, and none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.columns import vector_size
from grucli.data.panel import Panel
from grucli.data.readers.cells import NumberFormat
from grucli.data.readers.vocabulary import name_in
from grucli.data.series_scaling import AnyScaler
from grucli.data.split import Span
from grucli.data.values import Floats, Table, TextColumn
from grucli.dialect import Dialect
from grucli.errors import DataError
from grucli.text import plural, quoted, some

Words = Mapping[str, tuple[str, ...]]
"""Column -> its texts by number; the first is empty."""
NO_TEXT = ("",)
_NAMED = 3
_FEW_ROWS = 20


def number_texts(table: Table, columns: Sequence[str], known: Words, dialect: Dialect) -> Table:
    """A table whose ``columns`` are all numbers: those that are texts hold the number of each.

    Texts in ``known`` have their numbers there. What stands for a missing value is no text.
    """
    texts = {column.name: column for column in table.texts if column.name in columns}
    if not texts:
        return table
    numbers = NumberFormat(dialect)
    values = np.empty((len(table.timestamps), len(columns)))
    words: dict[str, tuple[str, ...]] = {}
    for place, name in enumerate(columns):
        if name in texts:
            codes, words[name] = _numbered(texts[name], known.get(name, NO_TEXT), numbers)
            values[:, place] = codes
        else:
            values[:, place] = table.values[:, table.columns.index(name)]
    others = tuple(column for column in table.texts if column.name not in texts)
    return replace(table, columns=tuple(columns), values=values, texts=others, categories=words)


def _numbered(
    column: TextColumn, known: Sequence[str], numbers: NumberFormat
) -> tuple[Floats, tuple[str, ...]]:
    number_of = {word: number for number, word in enumerate(known)}
    own = np.zeros(len(column.words))
    for place, text in enumerate(column.words):
        if not numbers.is_missing(text):
            own[place] = number_of.setdefault(name_in(text), len(number_of))
    return own[column.codes], tuple(number_of)


def check_texts(table: Table, names: Sequence[str], dialect: Dialect) -> None:
    """Raise DataError for columns taken for texts, because they begin so, that hold numbers too."""
    numbers = NumberFormat(dialect)
    problems = []
    for column in table.texts:
        is_strange = [numbers.is_text(word) for word in column.words]
        is_gap = [numbers.is_missing(word) for word in column.words]
        if column.name not in names or np.logical_or(is_strange, is_gap).all():
            continue
        row = int(np.argmax(np.array(is_strange)[column.codes]))
        text = column.words[column.codes[row]]
        problems.append(
            f"{table.where(row)}: column {quoted(column.name)}: {numbers.explain(text)}; or name "
            "it in data.categories, where all its cells are names"
        )
    if problems:
        raise DataError(*problems)


def fit_vocabularies(panel: Panel, span: Span) -> dict[str, tuple[str, ...]]:
    """The texts of each category in a span, which must be the training span, behind an empty one.

    Raises DataError for a column that says nothing there: always the same, or never.
    """
    texts, problems = {}, []
    for name in panel.columns.categories:
        numbers = span.rows(panel.values[:, panel.columns.place(name)]).astype(np.int64)
        counts = np.bincount(numbers, minlength=1)
        seen = np.flatnonzero(counts)
        words = panel.categories[name]
        if len(seen) < 2:
            what = f"always {quoted(words[seen[0]])}" if seen[0] else "no text"
            problems.append(
                f"column {name!r}: {what} in the {len(numbers)} rows of the training span; "
                "expected a column that varies; leave it out of the recipe or change data.split"
            )
        elif len(numbers) > _FEW_ROWS and counts[1:].max() == 1 and counts[0] == 0:
            problems.append(
                f"column {name!r}: another text in each of the {len(numbers)} rows of the training "
                f"span, such as {quoted(words[seen[-1]])}; expected names that come again; leave "
                "it out of the recipe"
            )
        texts[name] = ("", *(words[number] for number in seen.tolist() if number))
    if problems:
        raise DataError(*problems)
    return texts


def put_classes(
    scaled: NDArray[np.floating[Any]],
    values: Floats,
    names: Sequence[str],
    *,
    words: Words,
    vocabularies: Words,
) -> None:
    """Write the class of every category among the columns ``names`` into ``scaled`` [..., C].

    ``values`` [..., C] hold the numbers of their texts among ``words``.
    """
    for name, vocabulary in vocabularies.items():
        if name in names:
            place = names.index(name)
            classes = _classes(words[name], vocabulary)
            scaled[..., place] = classes[values[..., place].astype(np.int64)]


def _classes(words: Sequence[str], vocabulary: Sequence[str]) -> NDArray[np.int64]:
    """The class of each of some words."""
    class_of = {word: number for number, word in enumerate(vocabulary)}
    return np.array([class_of.get(word, 0) for word in words])


def vocabulary_notes(panel: Panel, scaler: AnyScaler) -> tuple[str, ...]:
    """What was taken for a category, and which of its texts are not in the training span."""
    words = [
        f"{quoted(name)} ({plural(count, 'text')}, vectors of {vector_size(count)})"
        for name, count in scaler.texts.items()
    ]
    if not words:
        return ()
    return (f"categories: {some(words, _NAMED)}", *unseen_texts(panel, scaler))


def unseen_texts(panel: Panel, scaler: AnyScaler) -> tuple[str, ...]:
    """A sentence on the texts of a panel that a model does not know; none where there are none."""
    names, words = panel.columns.values, panel.categories
    return _unseen(panel.values, names, words, scaler.vocabularies)


def unseen_ahead(future: Table | None, scaler: AnyScaler) -> tuple[str, ...]:
    """The same of a table of what is known in advance, if there is one."""
    if future is None:
        return ()
    words = future.categories
    sentences = _unseen(future.values, future.columns, words, scaler.vocabularies)
    return tuple(f"{future.source}: {sentence}" for sentence in sentences)


def _unseen(
    values: Floats, names: Sequence[str], words: Words, vocabularies: Words
) -> tuple[str, ...]:
    parts = []
    for name in words:
        strange = np.flatnonzero(_classes(words[name], vocabularies[name]) == 0)[1:]
        numbers = values[:, names.index(name)].astype(np.int64)
        counts = np.bincount(numbers, minlength=len(words[name]))[strange]
        shown = [quoted(words[name][number]) for number in strange[counts > 0].tolist()]
        if shown:
            count = plural(int(counts.sum()), "value")
            parts.append(f"{count} of column {quoted(name)} ({some(shown, _NAMED)})")
    return (f"not seen in training, read as unknown: {'; '.join(parts)}",) if parts else ()
