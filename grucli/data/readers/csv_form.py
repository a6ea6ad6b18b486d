"""How a CSV table is written, as the bytes that the fast reader looks for."""

from grucli.data.readers.cells import NumberFormat
from grucli.data.readers.header import delimiter_of
from grucli.dialect import Dialect

NOT_IN_A_NUMBER = "\x01"
"""In place of a character that pandas would take for a part of a number or for a separator."""


class Form:
    """The separator, decimal point and missing values of one table."""

    def __init__(self, source: str, dialect: Dialect) -> None:
        self.dialect = dialect
        self.delimiter = delimiter_of(source, dialect)
        self.mark = ord(self.delimiter)
        self.numbers = NumberFormat(dialect)
        meant = self._meant()
        self.plain = bytes.maketrans("".join(meant).encode(), "".join(meant.values()).encode())
        """For each byte the one with which pandas reads decimal points and cells between commas."""
        self.as_written = {ord(to): char for char, to in meant.items() if to != ","}
        """For the characters of a text so translated those that stand in the table."""
        words = [word.encode().translate(self.plain) for word in self.numbers.missing_words]
        self.missing_words = [word.decode() for word in words]
        self.missing_numbers = list(self.numbers.missing_numbers)

    def _meant(self) -> dict[str, str]:
        meant = {",": NOT_IN_A_NUMBER}
        if self.dialect.decimal == ",":
            meant = {",": ".", ".": NOT_IN_A_NUMBER}
        return meant | {self.delimiter: ","}
