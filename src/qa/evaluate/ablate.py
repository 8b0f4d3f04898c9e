"""Every rule and every layer switched off, one at a time: what is lost without it, and is that noise?

Each set gives, for each of its items, what a measure made of it; with and without a rule the same items are paired and
resampled together (paired bootstrap). What was measured is kept in a file, a line for each set and switch, so that a
long run can be cut short and goes on where it stopped; lines of other code or other models are not used again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import qa
from qa.config import RULES, Config, load_config
from qa.evaluate import folder as plain
from qa.evaluate.canard import Canard, resolved
from qa.evaluate.gate import Change, change
from qa.evaluate.judge import hits, read_claims
from qa.evaluate.layers import class_shares
from qa.evaluate.measures import Measure, Pair, nugget_recall
from qa.evaluate.questions import load, subset
from qa.evaluate.run import Progress
from qa.models.embedder import Embedder
from qa.models.entailment import Entailment
from qa.models.reader import Cascade, Reader, Reading, Window
from qa.read import SentenceReader, WordReader
from qa.schema import Turn, Verdict
from qa.support import LAYERS, Support, case_of

if TYPE_CHECKING:
    from qa.assistant import Assistant

Values = Mapping[str, Mapping[str, Pair]]
"""By measure and item: how much, of how much."""


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that can be left out: a rule, a layer of support, or a stage of retrieval."""

    name: str
    what: str
    settings: Mapping[str, Any]
    """Settings that leave it out."""
    layer: str = ""
    """The layer of support that is left out."""


_FOLLOW_UPS = ("follow-ups", "fragments", "pronouns", "subject")
_STAGES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "reader": ("sentences ranked by shared words instead", {"reader": "none"}),
    "last": ("what looks best is not read by the larger reader", {"reader": "small"}),
    "lexical": ("only passages whose meaning is near", {"lexical_weight": 0.0}),
    "dense": ("only passages that share words", {"lexical_weight": 1.0}),
    "balance": ("one source may take all places", {"max_share": 1.0}),
    "passages": ("eight passages looked at, not thirty-two", {"top_k": 8}),
}
WHOLE = Switch("", "nothing left out", {})
RULE_SWITCHES = tuple(Switch(name, what, {"without": [name]}) for name, what in RULES.items())
STAGE_SWITCHES = tuple(Switch(f"stage: {name}", what, settings) for name, (what, settings) in _STAGES.items())
LAYER_SWITCHES = tuple(Switch(f"layer: {name}", "", {}, name) for name in LAYERS)
SWITCHES = (WHOLE, *RULE_SWITCHES, *STAGE_SWITCHES, *LAYER_SWITCHES)


class Remembered:
    """A reader or support model that answers the same question once: most switches change nothing that is read."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._known: dict[Any, Any] = {}
        self.digest = model.digest

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    @cached_property
    def last(self) -> Remembered | None:
        """The larger reader behind a reader."""
        return Remembered(self._model.last) if self._model.last else None

    def read(self, question: str, windows: Sequence[Window]) -> list[Reading]:
        """As `SentenceReader.read`."""
        key = (question, tuple(windows))
        if key not in self._known:
            self._known[key] = self._model.read(question, windows)
        return list(self._known[key])

    def judge(self, pairs: Sequence[tuple[str, str]]) -> NDArray[Any]:
        """As `Entailment.judge`."""
        if new := [pair for pair in dict.fromkeys(pairs) if pair not in self._known]:
            self._known |= dict(zip(new, self._model.judge(new), strict=True))
        return np.array([self._known[pair] for pair in pairs])


class Models:
    """Loaded once, when first needed, and shared by all switches."""

    @cached_property
    def reader(self) -> Any:
        """The shipped readers."""
        return Remembered(Cascade.load())

    @cached_property
    def small(self) -> Any:
        """The first of them alone."""
        return Remembered(Reader.load())

    @cached_property
    def entailment(self) -> Any:
        """The support model."""
        return Remembered(Entailment.load())

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder of the settings."""
        return Embedder.load(load_config().embedding_model)

    def support(self, switch: Switch) -> Support:
        """The check without the layer of a switch."""
        return Support(self.entailment, frozenset(LAYERS) - {switch.layer})

    @contextmanager
    def assistant(self, corpus: Path, index: Path, switch: Switch = WHOLE) -> Iterator[Assistant]:
        """An assistant over a corpus with a switch off; its index is built the first time."""
        from qa.assistant import Assistant

        config: Config = load_config(corpus_dir=corpus, index_dir=index, **switch.settings)
        reader: SentenceReader = WordReader() if config.reader == "none" else self.reader
        reader = self.small if config.reader == "small" else reader
        with Assistant.open(
            config=config, reader=reader, embedder=self.embedder, entailment=self.entailment
        ) as assistant:
            assistant.support = self.support(switch)
            yield assistant


@dataclass(frozen=True, slots=True)
class Trial:
    """A set on which switches are tried."""

    name: str
    switches: Sequence[Switch]
    """Those that can change it."""
    measure: Callable[[Models, Switch, Progress], Values]


# the sets -----------------------------------------------------------------------------------------------


def strangers(place: Path, work: Path, kinds: Collection[str] = ()) -> Trial:
    """Plain questions over the folders beside them (`qa.evaluate.folder`); of some kinds only, if any are given."""
    questions = [q for q in plain.load_plain(place / "questions.jsonl") if not kinds or q.kind in kinds]

    def measure(models: Models, switch: Switch, progress: Progress) -> Values:
        found: dict[str, dict[str, Pair]] = {"found": {}, "first": {}, "refused rightly": {}}
        for name, documents in plain.corpora(place, [q.corpus for q in questions]).items():
            with models.assistant(documents, work / place.name / name, switch) as assistant:
                mine = [q for q in questions if q.corpus == name]
                for a in plain.ask_all(assistant, mine, progress=progress):
                    if a.question.answerable:
                        found["found"][a.question.id] = (float(a.found), 1.0)
                        found["first"][a.question.id] = (float(a.first), 1.0)
                    else:
                        found["refused rightly"][a.question.id] = (float(a.refused), 1.0)
        return found

    name = f"{place.name}, {' and '.join(kinds)} ({len(questions)})" if kinds else place.name
    return Trial(name, (WHOLE, *RULE_SWITCHES, *STAGE_SWITCHES), measure)


def strangers_claims(place: Path, work: Path) -> Trial:
    """Claims about the same documents, each held against its whole corpus."""
    claims = plain.load_claims(place / "claims.jsonl")

    def measure(models: Models, switch: Switch, progress: Progress) -> Values:
        held: list[tuple[str, bool, bool]] = []
        for name, documents in plain.corpora(place, [c.corpus for c in claims]).items():
            with models.assistant(documents, work / place.name / name, switch) as assistant:
                for claim, said in plain.check_all(assistant, [c for c in claims if c.corpus == name]):
                    held.append((claim.id, claim.label == "supported", said in plain.TOLD))
            progress(name, len(held), len(claims))
        return _balanced(held)

    return Trial(f"{place.name}, claims", (WHOLE, *LAYER_SWITCHES), measure)


def own(questions: Path, work: Path) -> Trial:
    """The project's dev questions over the corpus of the settings."""
    asked = subset(load(questions), "dev")

    def measure(models: Models, switch: Switch, progress: Progress) -> Values:
        found: dict[str, dict[str, Pair]] = {"facts found": {}, "refused rightly": {}, "answered": {}}
        with models.assistant(load_config().corpus_dir, work / "own", switch) as assistant:
            for n, question in enumerate(asked, start=1):
                turns: tuple[Turn, ...] = ()
                for earlier in question.history:
                    turns += (Turn(earlier, assistant.ask(earlier, history=turns)),)
                answer = assistant.ask(question.question, history=turns)
                refused = float(answer.abstention is not None)
                if question.answerable:
                    found["answered"][question.id] = (1 - refused, 1.0)
                    if question.nuggets:
                        found["facts found"][question.id] = (nugget_recall(question, answer), 1.0)
                elif not question.premise:
                    found["refused rightly"][question.id] = (refused, 1.0)
                progress("asking", n, len(asked))
        return found

    return Trial("own dev", (WHOLE, *RULE_SWITCHES, *STAGE_SWITCHES), measure)


def own_claims(claims: Path, work: Path) -> Trial:
    """The project's dev claims in a person's words, each against the source that it cites."""
    chosen = [c for c in read_claims(claims) if c.split == "dev"]

    def measure(models: Models, switch: Switch, progress: Progress) -> Values:
        with models.assistant(load_config().corpus_dir, work / "own", switch) as assistant:
            said = assistant.support.judge_all([case_of(c.claim, hits(assistant, c.source)) for c in chosen])
        return _balanced(
            [(c.id, c.label == "supported", j.verdict is Verdict.SUPPORTED) for c, j in zip(chosen, said, strict=True)]
        )

    return Trial("own dev, claims", (WHOLE, *LAYER_SWITCHES), measure)


def canard(rows: Callable[[str], list[Any]], limit: int) -> Trial:
    """Follow-ups of CANARD: how near the rewrite's first passages are to those of a person's rewrite."""

    @cache
    def data() -> Canard:
        return Canard(rows("canard_dev.jsonl.gz"))

    def measure(models: Models, switch: Switch, progress: Progress) -> Values:
        found: dict[str, Pair] = {}
        held = dict(islice(data().part(held=True).items(), limit))
        for n, (id_, asked) in enumerate(held.items(), start=1):
            left_out = switch.settings.get("without", ())
            rewritten = [r["Question"] for r in asked] if "follow-ups" in left_out else resolved(asked, left_out)
            for row in asked:
                at = row["Question_no"] - 1
                query = row["Question"] if "follow-ups" in left_out else rewritten[at]
                found[f"{id_}/{at}"] = (data().overlap(query, row["Rewrite"]), 1.0)
            progress("rewriting", n, len(held))
        return {"overlap@10": found}

    switches = [switch for switch in RULE_SWITCHES if switch.name in _FOLLOW_UPS]
    return Trial("CANARD", (WHOLE, *switches), measure)


Claims = Sequence[tuple[str, Sequence[str], bool]]
_BENCH: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Claims]]] = {
    "fm2": ("fm2_test.jsonl.gz", lambda r: [_three_way(r)]),
    "healthver": ("healthver_test.jsonl.gz", lambda r: [_three_way(r)]),
    "qags_cnndm": ("qags_cnndm.jsonl.gz", lambda r: _voted(r)),
    "qags_xsum": ("qags_xsum.jsonl.gz", lambda r: _voted(r)),
    "begin_wow": (
        "begin_test_wow.jsonl.gz",
        lambda r: [(r["response"], [r["knowledge"]], r["begin_label"] == "Fully attributable")],
    ),
    "summedits_news": ("summedits_news.jsonl.gz", lambda r: [(r["summary"], [r["doc"]], r["label"] == 1)]),
}


def _three_way(row: Mapping[str, Any]) -> tuple[str, Sequence[str], bool]:
    evidence = [row["evidence"]] if "evidence" in row else [e["text"] for e in row["gold_evidence"]]
    return row.get("claim") or row["text"], evidence, row["label"].lower() == "supports"


def _voted(row: Mapping[str, Any]) -> Claims:
    votes = [(s["sentence"], Counter(r["response"] for r in s["responses"])) for s in row["summary_sentences"]]
    return [(text, [row["article"]], said["yes"] * 2 > said.total()) for text, said in votes]


def bench(name: str, rows: Callable[[str], list[Any]], limit: int) -> Trial:
    """Claims of a public set with their evidence; a sample, always the same."""
    file, claims_of = _BENCH[name]

    @cache
    def chosen() -> Claims:
        every = [claim for row in rows(file) for claim in claims_of(row)]
        return random.Random(0).sample(every, min(limit, len(every)))

    def measure(models: Models, switch: Switch, progress: Progress) -> Values:
        support, said = models.support(switch), []
        for n, (claim, evidence, true) in enumerate(chosen(), start=1):
            verdict = support.judge(claim, evidence).verdict
            said.append((str(n), true, verdict is Verdict.SUPPORTED))
            progress("judging", n, len(chosen()))
        return _balanced(said)

    return Trial(name, (WHOLE, *LAYER_SWITCHES), measure)


def _balanced(held: Sequence[tuple[str, bool, bool]]) -> Values:
    ids, true, said = zip(*held, strict=True) if held else ((), (), ())
    return {"balanced accuracy": dict(zip(ids, class_shares(true, said), strict=True))}


def trials(
    places: Sequence[Path],
    data: Path | None,
    questions: Path,
    claims: Path,
    work: Path,
    limit: int,
    kinds: Collection[str] = (),
) -> list[Trial]:
    """All sets that are there.

    Args:
        places: folders of plain questions, and of the corpora that they are about.
        data: folder of the public sets.
        work: where indexes are kept.
        limit: claims of each public set, and dialogues of CANARD.
        kinds: of the plain questions; all where empty.
    """

    def rows(file: str) -> list[Any]:
        assert data is not None
        with gzip.open(data / file, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    found = []
    for place in places:
        if (place / "questions.jsonl").is_file():
            found.append(strangers(place, work, kinds))
        if (place / "claims.jsonl").is_file():
            found.append(strangers_claims(place, work))
    if questions.is_file():
        found.append(own(questions, work))
    if claims.is_file():
        found.append(own_claims(claims, work))
    if data and (data / "canard_dev.jsonl.gz").is_file():
        found.append(canard(rows, limit))
    if data:
        found += [bench(name, rows, limit) for name, (file, _) in _BENCH.items() if (data / file).is_file()]
    return found


# running ------------------------------------------------------------------------------------------------


def code() -> str:
    """Fingerprint of all that can change an answer: the package without its front ends, models included."""
    digest = hashlib.sha256()
    root = Path(qa.__file__).parent
    for path in sorted(p for p in root.rglob("*") if p.is_file() and p.suffix != ".pyc"):
        if path.relative_to(root).parts[0] not in ("page", "cli", "evaluate"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def run(
    wanted: Sequence[Trial],
    kept: Path,
    *,
    only: Collection[str] = (),
    progress: Progress = lambda what, done, of: None,
) -> dict[tuple[str, str], Values]:
    """What every switch gives on every set; what `kept` holds already, for this code, is not measured again.

    Args:
        kept: JSON lines, made where it is not there.
        only: names of switches; none: all.
    """
    now = code()
    found: dict[tuple[str, str], Values] = {}
    if kept.is_file():
        for line in kept.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["code"] == now:
                found[row["set"], row["switch"]] = row["values"]
    models = Models()
    for trial in wanted:
        for switch in trial.switches:
            if (trial.name, switch.name) in found or (only and switch.name and switch.name not in only):
                continue
            label = f"{trial.name}, without {switch.name or 'nothing'}"
            values = trial.measure(models, switch, lambda what, n, of, label=label: progress(label, n, of))  # type: ignore[misc]
            found[trial.name, switch.name] = values
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"code": now, "set": trial.name, "switch": switch.name, "values": values}) + "\n")
    return found


def changes(values: Mapping[tuple[str, str], Values]) -> Iterator[tuple[Switch, str, Change]]:
    """For each switch and set: how each measure changes without it, with the interval of the change."""
    for switch in SWITCHES[1:]:
        for (place, name), without in values.items():
            whole = values.get((place, ""))
            if name != switch.name or whole is None:
                continue
            for measure, mine in without.items():
                ids = sorted(mine.keys() & whole[measure].keys())
                if ids:
                    pairs = [[tuple(side[i]) for i in ids] for side in (whole[measure], mine)]
                    yield switch, place, change(Measure(measure, ""), *pairs)  # type: ignore[arg-type]


def markdown(values: Mapping[tuple[str, str], Values]) -> str:
    """The table: what leaving something out gains (+) or loses, in points of a hundred; bold: beyond noise."""
    lines = ["| left out | set | measure | with | without | change (95 %) |", "| --- | --- | --- | --: | --: | --: |"]
    same: dict[str, list[str]] = {}
    for switch, place, c in changes(values):
        if c.delta == 0 and c.low == c.high:
            same.setdefault(switch.name, []).append(f"{place}: {c.measure}")
            continue
        moved = f"{100 * c.delta:+.1f} ({100 * c.low:+.1f} to {100 * c.high:+.1f})"
        shown = f"**{moved}**" if c.low > 0 or c.high < 0 else moved
        lines.append(f"| {switch.name} | {place} | {c.measure} | {c.before:.3f} | {c.after:.3f} | {shown} |")
    lines += ["", *(f"- {name}: nothing moves on {', '.join(sets)}." for name, sets in same.items())]
    return "\n".join(lines)
