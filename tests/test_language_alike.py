"""Whether two texts speak of the same."""

from __future__ import annotations

import pytest

from qa.language.alike import one_date, one_entity, stems
from qa.language.names import akin


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("al-Aruri", "Saleh al-Arouri", True),
        ("Hizbullah", "Hezbollah", True),
        ("Berg", "Tomas Berg", True),
        ("Tomas Berg", "Mara Berg", False),
        ("Tomas Berg", "Tomas Roth", False),
        ("Norway", "Denmark", False),
        ("", "Berg", False),
    ],
)
def test_one_name_may_have_several_spellings(a: str, b: str, same: bool) -> None:
    """Transliteration and a left-out first name do not make two people; another first name does."""
    assert one_entity(a, b) is same
    assert one_entity(b, a) is same


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("2017", "2017-10-31", True),
        ("--10-31", "2017-10-31", True),
        ("--10", "2017-10-31", True),
        ("2017-10", "2018-10", False),
        ("2017-10-31", "2017-10-30", False),
        ("tuesday", "tuesday", True),
        ("tuesday", "2017", False),
    ],
)
def test_a_date_told_in_part_may_be_a_fuller_one(a: str, b: str, same: bool) -> None:
    """What is not said may be anything; what is said must be the same."""
    assert one_date(a, b) is same
    assert one_date(b, a) is same


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("Syria", "Syrian", True),
        ("Lebanon", "Lebanese", True),
        ("Britain", "British", True),
        ("Malta", "Maltese", True),
        ("Mexico", "Mexicans", True),
        ("Iraq", "Iraqi", True),
        ("Hansen", "Hanson", False),
        ("Walker", "Walken", False),
        ("Iran", "Iraqi", False),
        ("Marta", "Martin", False),
    ],
)
def test_a_name_and_its_adjective_are_akin(a: str, b: str, same: bool) -> None:
    """By the endings of peoples and languages; another name that begins alike is another."""
    assert akin(a, b) is same
    assert akin(b, a) is same


def test_an_irregular_form_is_its_verbs() -> None:
    """Words without content say nothing."""
    assert stems("they met") == stems("to meet") == {"meet"}
