"""The short form of `benchmarks/hostile.py`: generated hostile inputs against every public function."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path
from types import ModuleType

import pytest

from conftest import ROOT
from qa import Assistant

FEW = {"ask": 2, "chat": 1, "search": 4, "check": 4, "judge": 4, "page, over HTTP": 60, "damaged documents": 12}
"""Inputs of those that cost more than a thousandth of a second; of the others `MANY`."""
MANY = 60


def _driver() -> ModuleType:
    # by its path: there is a module of this name among the tests
    spec = importlib.util.spec_from_file_location("hostile_inputs", ROOT / "benchmarks" / "hostile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


DRIVER = _driver()


@pytest.mark.parametrize("name", DRIVER.FUNCTIONS)
def test_nothing_generated_crashes_or_is_answered_wrongly(
    name: str, town: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every input ends well, or in an error that says what is wrong."""
    monkeypatch.setattr(DRIVER, "_town", lambda: town)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries, about what they are given
        ends = {n: end for n in range(FEW.get(name, MANY)) if (end := DRIVER.attempt(name, n, seed=0)) != ("", "")}
    assert ends == {}


def test_the_driver_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash, and a promise that does not hold."""
    monkeypatch.setitem(DRIVER.FUNCTIONS, "facts", (lambda r: 1 / 0, 1))
    assert DRIVER.attempt("facts", 0, 0)[0] == "crashed"
    monkeypatch.setitem(DRIVER.FUNCTIONS, "facts", (lambda r: DRIVER.exact([(0, 5)], 4), 1))
    assert DRIVER.attempt("facts", 0, 0) == ("wrong", "a span 0..5 in a text of 4")
    assert DRIVER.inside("64:ff9b::7f00:1")
    assert not DRIVER.inside("2606:4700::1111")
