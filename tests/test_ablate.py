"""Rules and layers switched off, one at a time."""

import json

import pytest

from qa import load_config
from qa.errors import ConfigError
from qa.evaluate import ablate
from qa.evaluate.ablate import SWITCHES, WHOLE, Switch, Trial

OFF = Switch("spelling", "", {"without": ["spelling"]})
SHIPS = {f"{n}": (1.0, 1.0) for n in range(40)}


def trial(asked: list[str]) -> Trial:
    """A set of forty items: all right with the rule, ten of them wrong without it."""

    def measure(models, switch, progress):
        asked.append(switch.name)
        without = {n: (0.0, 1.0) if int(n) < 10 else one for n, one in SHIPS.items()}
        return {"found": without if switch.name else SHIPS}

    return Trial("ships", (WHOLE, OFF), measure)


def test_what_was_measured_is_not_measured_again(tmp_path, monkeypatch):
    """A run that was cut short goes on where it stopped; with other code it begins anew."""
    asked: list[str] = []
    kept = tmp_path / "ablation.jsonl"
    first = ablate.run([trial(asked)], kept)
    assert asked == ["", "spelling"]
    kept.write_text(kept.read_text().splitlines()[0] + "\n")
    again = ablate.run([trial(asked)], kept)
    assert asked == ["", "spelling", "spelling"]
    assert json.dumps(list(first.values())) == json.dumps(list(again.values()))
    monkeypatch.setattr(ablate, "code", lambda: "other")
    ablate.run([trial(asked)], kept)
    assert asked[3:] == ["", "spelling"]


def test_a_loss_beyond_noise_is_bold(tmp_path):
    """Ten of forty lost: 25 points, with an interval that leaves out nought."""
    found = ablate.run([trial([])], tmp_path / "kept.jsonl")
    (row,) = [line for line in ablate.markdown(found).splitlines() if "spelling" in line]
    assert row.startswith("| spelling | ships | found | 1.000 | 0.750 | **-25.0 (")
    (change,) = [c for _, _, c in ablate.changes(found)]
    assert -0.45 < change.low < change.high < -0.1


def test_only_rules_that_there_are_can_be_left_out():
    """A misspelt rule would measure nothing, and look harmless."""
    with pytest.raises(ConfigError, match="no rule 'speling'"):
        load_config(without={"speling"})
    assert all(load_config(**switch.settings) for switch in SWITCHES)


def test_a_rule_is_tried_on_the_kind_of_question_it_is_for(tmp_path):
    """The set then says which, and how many questions it holds."""
    rows = [{"id": f"a{n}", "q": "Who?", "kind": kind, "doc": ["a.md"], "any": ["x"]} for n, kind in enumerate("aab")]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    none = tmp_path / "none.jsonl"
    (found,) = ablate.trials([tmp_path], None, none, none, tmp_path, 1, ["a"])
    assert found.name == f"{tmp_path.name}, a (2)"
