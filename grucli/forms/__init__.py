"""The form of values that a file holds: types, ranges, lengths, shapes. What does not fit is named.

A file that was not written by us, or was changed since, can hold anything where a number is meant.
A form says what is expected; its faults are `where: what was found; expected what`.
"""

from grucli.forms.classes import form_of, form_of_class, written_fields
from grucli.forms.form import Form, check_form, faults_of, shown
from grucli.forms.parts import Both, Fields, Listed, Mapped, Maybe, Plain
from grucli.forms.values import Array, Number, OneOf, Text, Truth, Whatever

__all__ = [
    "Array",
    "Both",
    "Fields",
    "Form",
    "Listed",
    "Mapped",
    "Maybe",
    "Number",
    "OneOf",
    "Plain",
    "Text",
    "Truth",
    "Whatever",
    "check_form",
    "faults_of",
    "form_of",
    "form_of_class",
    "shown",
    "written_fields",
]
