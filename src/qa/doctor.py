"""What is wrong with environment, models, corpus and index, and how to mend it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from packaging.requirements import Requirement

from qa import corpus
from qa.config import Config, unknown_variables
from qa.index import Index
from qa.models.embedder import Embedder
from qa.models.entailment import Entailment
from qa.models.reader import LastReader, Reader
from qa.schema import QAError


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at; a remedy where it is not as it should be."""

    what: str
    ok: bool
    detail: str
    remedy: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def examine(config: Config, *, deep: bool = False) -> list[Examined]:
    """Looks at everything and changes nothing.

    Args:
        deep: read every file of the index whole, to find damage that left size and time as they were.
    """
    return [
        _python(),
        _packages(),
        _variables(),
        _model("embedder", lambda: Embedder.load(config.embedding_model).digest),
        _model("reader", lambda: Reader.load().digest),
        _model("last reader", lambda: LastReader.load().digest),
        _model("support model", lambda: Entailment.load().digest),
        *_corpus_and_index(config, deep),
        _language_model(config),
    ]


def _python() -> Examined:
    return Examined("Python", True, sys.version.split()[0])


def _packages() -> Examined:
    wrong = []
    for line in requires("qa") or ():
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            here = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(here, prereleases=True):
            wrong.append(f"{requirement.name} is {here}, wanted {requirement.specifier}")
    if wrong:
        return Examined("packages", False, "; ".join(wrong), "run: pip install -c constraints.txt -e .")
    return Examined("packages", True, "all there, in the versions asked for")


def _model(what: str, load: Callable[[], str]) -> Examined:
    try:
        return Examined(what, True, f"SHA-256 {load()[:12]}")
    except QAError as error:
        return Examined(what, False, str(error))


def _variables() -> Examined:
    unknown = unknown_variables()
    if unknown:
        return Examined("environment", True, f"without effect here: {'; '.join(unknown)}")
    return Examined("environment", True, "no variable of qa is misspelt")


def _corpus_and_index(config: Config, deep: bool) -> list[Examined]:
    findings: list[Examined] = []
    reading = None
    try:
        reading = corpus.read([config.corpus_dir], max_bytes=int(config.max_document_mb * 1e6))
        skipped = "".join(f"; skipped {s.place}: {s.reason}" for s in reading.skipped)
        findings.append(Examined("corpus", not skipped, f"{len(reading.documents)} documents{skipped}"))
    except QAError as error:
        findings.append(Examined("corpus", False, str(error)))
    try:
        with Index.open(config.index_dir, config) as index:
            detail = f"{index.manifest.documents} documents, {index.manifest.passages} passages"
            wrong = (*index.notes, *(index.examine() if deep else ()))
            differs = index.differences(reading.documents) if reading else ()
    except QAError as error:
        return [*findings, Examined("index", False, str(error))]
    if wrong:
        return [*findings, Examined("index", False, "; ".join((detail, *wrong)), "run: qa index")]
    if deep:
        detail += ", every file as it was written"
    if differs:
        detail += f"; the corpus has changed since: {'; '.join(differs)}"
        return [*findings, Examined("index", False, detail, "run: qa index")]
    return [*findings, Examined("index", True, detail)]


def _language_model(config: Config) -> Examined:
    if not (config.llm_url or config.llm_model):
        return Examined("language model", True, "none set; answers are quotations")
    from qa.answer.llm import load_llm, shown

    try:
        load_llm(config)
        return Examined("language model", True, f"{config.llm_model} at {shown(config.llm_url) or 'its provider'}")
    except QAError as error:
        return Examined("language model", False, str(error))
