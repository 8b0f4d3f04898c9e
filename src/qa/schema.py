"""The nouns of `qa`. Everything else in the package makes one of these from another.

All offsets are in Python characters (code points), half open, into `Document.text`.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Literal, Self, get_args

from qa.errors import ConfigError as ConfigError
from qa.errors import CorpusError as CorpusError
from qa.errors import IndexBusyError as IndexBusyError
from qa.errors import IndexMissingError as IndexMissingError
from qa.errors import IndexStaleError as IndexStaleError
from qa.errors import IndexWriteError as IndexWriteError
from qa.errors import LanguageModelError as LanguageModelError
from qa.errors import ModelError as ModelError
from qa.errors import QAError as QAError
from qa.errors import QuestionError as QuestionError

SCHEMA_VERSION = 1
"""Version of the dictionary that `Answer.to_dict` returns; it grows when a reader must change."""

Kind = Literal["news", "analysis", "research", "other"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Span = tuple[int, int]
"""Start and end, half open."""


LONGEST_QUESTION = 2000
"""Characters. Longer than any question; shorter than a pasted document."""


FEW_AUTHORS: Final = 3
"""Authors that are all named where a source is called by them."""


@dataclass(frozen=True, slots=True)
class Source:
    """Who published a document, what, when. Dates are ISO 8601 and may be partial: 2017, 2017-11."""

    id: str
    title: str
    publisher: str = ""
    author: str = ""
    published: str = ""
    updated: str = ""
    version: str = ""
    language: str = ""
    kind: Kind = "other"
    perspective: str = ""
    original: str = ""
    rights: str = ""
    inferred: tuple[str, ...] = ()
    """Names of the fields that were read off the text instead of being declared."""

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError(f"a source needs an id; its title is {self.title!r}")
        if self.kind not in KINDS:
            raise ValueError(f"kind is {self.kind!r}; it must be one of {', '.join(KINDS)}")

    @property
    def name(self) -> str:
        """What prose calls this source: publisher, else the author it declares, else its title, short."""
        authors = [] if "author" in self.inferred else self.author.split(", ")
        author = f"{authors[0]} and {len(authors) - 1} others" if len(authors) > FEW_AUTHORS else ", ".join(authors)
        return self.publisher or author or shortened(self.title)

    @property
    def lines(self) -> dict[str, str]:
        """What it is, line by line, as it stands under the title of a text that does not say so itself."""
        labels = ("author", "publisher", "published", "updated", "version")
        return {name: f"{name.capitalize()}: {value}" for name in labels if (value := getattr(self, name))}

    @property
    def when(self) -> str:
        """The date of the text as it stands: published, else last changed."""
        return self.published or self.updated

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "publisher": self.publisher,
            "author": self.author,
            "published": self.published,
            "updated": self.updated,
            "version": self.version,
            "language": self.language,
            "kind": self.kind,
            "perspective": self.perspective,
            "original": self.original,
            "rights": self.rights,
            "inferred": list(self.inferred),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "inferred": tuple(data.get("inferred", ()))})


def shortened(title: str, words: int = 9) -> str:
    """A title as it is said: up to its colon, dash or bracket where it is long, else its first words."""
    if len(title.split()) <= words:
        return title
    main = re.split(r":\s|\s[–—-]\s|\s\(", title)[0]
    parts = main.split()
    return main if 1 < len(parts) <= words else f"{' '.join(parts[: words - 1]).rstrip(',;')} …"


@dataclass(frozen=True, slots=True)
class Filters:
    """Set by a person: only sources that pass all of them are searched. Empty: everything passes.

    Names may be in upper or lower case. `since` and `until` are ISO dates, may be partial, and include the whole
    day, month or year they name.
    """

    sources: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            value = getattr(self, name)
            if value and not _is_date(value):
                raise QuestionError(f"{name} is {value!r}; write a date as 2017, 2017-11 or 2017-11-30")

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)

    def passes(self, source: Source) -> bool:
        """Whether a source may be searched. A source without a date passes no filter on dates."""
        checks = (
            (self.sources, source.id),
            (self.publishers, source.publisher),
            (self.kinds, source.kind),
            (self.languages, source.language),
        )
        if any(allowed and value.casefold() not in _folded(allowed) for allowed, value in checks):
            return False
        if (self.since or self.until) and not source.when:
            return False
        # ISO dates compare as text once cut to the same precision
        if self.since and source.when < self.since[: len(source.when)]:
            return False
        return not (self.until and source.when[: len(self.until)] > self.until)


@lru_cache(maxsize=64)
def _folded(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(str.casefold, names))


_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def _is_date(value: str) -> bool:
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(f"{value}-01-01"[:10])
    except ValueError:  # there is no such day
        return False
    return True


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the span of text under it, up to the next heading."""

    heading: str
    start: int
    end: int
    over: str = ""
    """The heading of the section that it is a part of, where that is not the whole document."""


@dataclass(frozen=True, slots=True)
class Document:
    """A source and its cleaned text. `pages` holds the offset at which each page starts (PDF only)."""

    source: Source
    text: str
    sections: tuple[Section, ...] = ()
    pages: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for section in self.sections:
            if not 0 <= section.start <= section.end <= len(self.text):
                raise ValueError(
                    f"section {section.heading!r} is {section.start}..{section.end}, "
                    f"the text of {self.source.id} has {len(self.text)} characters"
                )

    @property
    def id(self) -> str:
        return self.source.id

    @property
    def digest(self) -> str:
        """SHA-256 of the text alone: equal for the same words under another name."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()

    def page(self, offset: int) -> int | None:
        """The page, from 1, on which `offset` lies; None where the format has no pages."""
        return sum(start <= offset for start in self.pages) or None


UNDER: Final = " › "
"""Between a heading and one that lies under it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is retrieved and cited: whole sentences, contiguous in the document."""

    document_id: str
    start: int
    end: int
    text: str
    sentences: tuple[Span, ...] = ()
    """Spans of what can be quoted of it, in the document: its sentences, items, rows."""
    heading: str = ""
    """What it stands under: its heading, after the one that this is a part of ("2.3.1 (2023-08-19) › Fixed")."""
    page: int | None = None
    leads: tuple[str, ...] = ()
    """For each sentence what it belongs to, where that is more than the heading: the line that leads up to a list, the
    question that is replied to. Empty where none has one."""

    def __post_init__(self) -> None:
        if self.end - self.start != len(self.text):
            raise ValueError(
                f"passage {self.start}..{self.end} of {self.document_id} "
                f"holds {len(self.text)} characters, not {self.end - self.start}"
            )
        if any(not self.start <= start <= end <= self.end for start, end in self.sentences):
            raise ValueError(f"a sentence of {self.id} lies outside it: {self.sentences}")
        if self.leads and len(self.leads) != len(self.sentences):
            raise ValueError(f"{self.id} has {len(self.sentences)} sentences and {len(self.leads)} leads")

    @property
    def nearest(self) -> str:
        """The heading right above it."""
        return self.heading.rpartition(UNDER)[2]

    @property
    def id(self) -> str:
        """Stable across rebuilds as long as the document's text is."""
        return f"{self.document_id}:{self.start}-{self.end}"

    @staticmethod
    def owner(id: str) -> str:
        """The document of a passage, read from the passage's id."""
        return id.rpartition(":")[0]

    def slice(self, start: int, end: int) -> str:
        """The words between two offsets of the document."""
        return self.text[start - self.start : end - self.start]

    def lead(self, start: int) -> str:
        """What the sentence that begins at `start` belongs to; empty where the heading says it all."""
        return next((lead for (begin, _), lead in zip(self.sentences, self.leads, strict=False) if begin == start), "")

    def sentence_before(self, start: int) -> int:
        """Where the sentence before `start` begins; `start` itself if there is none in this passage."""
        return max((begin for begin, _ in self.sentences if begin < start), default=start)


@dataclass(frozen=True, slots=True)
class Ranks:
    """Place of a passage, from 1, in each stage that ranked it; None where the stage did not find it."""

    dense: int | None = None
    lexical: int | None = None
    fused: int | None = None
    reader: int | None = None

    def to_dict(self) -> dict[str, int | None]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, by whom it was written, and why it is here."""

    passage: Passage
    source: Source
    score: float
    ranks: Ranks = Ranks()
    cosine: float = 0.0
    """Of question and passage; 0 where the dense stage did not find it."""
    share: float = 0.0
    """Its BM25 score as a share of the best passage's; 0 where the lexical stage did not find it."""

    def __post_init__(self) -> None:
        if self.passage.document_id != self.source.id:
            raise ValueError(f"{self.passage.id} does not belong to source {self.source.id}")

    def to_dict(self) -> dict[str, Any]:
        p = self.passage
        return {
            "passage": p.id,
            "source": self.source.id,
            "start": p.start,
            "end": p.end,
            "heading": p.heading,
            "page": p.page,
            "text": p.text,
            "score": round(self.score, 6),
            "ranks": self.ranks.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a hit, and how likely it answers the question (0 to 1)."""

    hit: Hit
    start: int
    end: int
    score: float
    span: Span | None = None
    """The few words in it that answer, in the document; None where the reader marks none."""
    read: bool = True
    """Whether it was read; what stands behind a sure answer is not."""

    def __post_init__(self) -> None:
        if self.span and not self.start <= self.span[0] < self.span[1] <= self.end:
            raise ValueError(f"span {self.span} lies outside the sentence {self.start}..{self.end}")

    @property
    def text(self) -> str:
        return self.hit.passage.slice(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Citation:
    """A link from a sentence to the exact words that bear it out: `document.text[start:end] == quote`."""

    source: Source
    passage_id: str
    start: int
    end: int
    quote: str
    before: str = ""
    after: str = ""
    heading: str = ""
    page: int | None = None

    def __post_init__(self) -> None:
        if not self.quote.strip():
            raise ValueError(f"a citation of {self.source.id} needs words, not {self.quote!r}")
        if self.end - self.start != len(self.quote):
            raise ValueError(
                f"citation {self.start}..{self.end} of {self.source.id} quotes {len(self.quote)} characters"
            )

    @classmethod
    def cut(cls, hit: Hit, start: int, end: int) -> Self:
        """The citation of `start..end` (offsets of the document), which must lie inside the hit's passage."""
        p = hit.passage
        if not p.start <= start < end <= p.end:
            raise ValueError(f"{start}..{end} lies outside passage {p.id}")
        return cls(
            source=hit.source,
            passage_id=p.id,
            start=start,
            end=end,
            quote=p.slice(start, end),
            before=p.slice(p.start, start),
            after=p.slice(end, p.end),
            heading=p.heading,
            page=p.page,
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source.id,
            "passage": self.passage_id,
            "start": self.start,
            "end": self.end,
            "quote": self.quote,
            "before": self.before,
            "after": self.after,
            "heading": self.heading,
            "page": self.page,
        }


class Verdict(StrEnum):
    """Whether the cited words bear the sentence out."""

    SUPPORTED = "supported"
    PARTLY = "partly"
    CONTRADICTED = "contradicted"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer: text without markers, what it cites, whether that bears it out."""

    text: str
    citations: tuple[Citation, ...]
    verdict: Verdict = Verdict.UNCHECKED
    score: float | None = None
    """Confidence in the verdict, 0 to 1; None where nothing was checked."""
    attribution: str = ""
    """Who says so, ready to stand before the text: "According to LBCI (5 December 2023)"."""
    span: Span | None = None
    """The few words of `text` that answer the question; None where none are marked."""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("a sentence needs words")
        if self.span and not 0 <= self.span[0] < self.span[1] <= len(self.text):
            raise ValueError(f"span {self.span} lies outside a sentence of {len(self.text)} characters")
        if not self.citations:
            raise ValueError(f"a sentence needs a citation: {self.text!r}")

    @property
    def source_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c.source.id for c in self.citations))

    @property
    def brief(self) -> str:
        """The words of `span`; empty where none are marked."""
        return self.text[slice(*self.span)] if self.span else ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A drafted sentence that is not shown, and why."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Group:
    """What one source says, where views are compared. `sentences` are places in `Answer.sentences`."""

    source: Source
    sentences: tuple[int, ...]


Relation = Literal["agreement", "disagreement", "update"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two quotations from different sources that, on the point asked, agree, cannot both hold, or follow in time."""

    left: Citation
    right: Citation
    relation: Relation
    """An "update": the right one, later, gives a figure anew."""
    point: str
    """What they agree or differ on, in neutral words: "number of rockets"."""
    score: float

    @property
    def heading(self) -> str:
        """How it is called above the two quotations: "They differ on the number of rockets"."""
        called = {"agreement": "They agree", "disagreement": "They differ", "update": "Later report"}[self.relation]
        return f"{called} on {self.point}" if self.point else called

    def to_dict(self) -> dict[str, Any]:
        return {
            "left": self.left.to_dict(),
            "right": self.right.to_dict(),
            "relation": self.relation,
            "point": self.point,
            "score": round(self.score, 4),
        }


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that several sources speak of, and the words of each on it."""

    label: str
    said: tuple[Citation, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"label": self.label, "said": [citation.to_dict() for citation in self.said]}


@dataclass(frozen=True, slots=True)
class Column:
    """A source of a comparison: how many of its passages were read, and whether it is from before the event."""

    source: Source
    read: int
    early: bool


class Reason(StrEnum):
    """Why there is no answer."""

    NOTHING_FOUND = "nothing found"
    NOT_RELEVANT = "not relevant"
    NOT_ANSWERED = "not answered by the sources"
    NOT_SUPPORTED = "not supported"


_REASONS = {
    Reason.NOTHING_FOUND: "No passage in these sources matches the question.",
    Reason.NOT_RELEVANT: "These sources do not deal with this question.",
    Reason.NOT_ANSWERED: "These sources deal with the subject but do not answer this question.",
    Reason.NOT_SUPPORTED: "What was drafted is not borne out by the passages it cites, so it is not shown.",
}


@dataclass(frozen=True, slots=True)
class Abstention:
    """No answer, and why: a value, never a phrase to search for."""

    reason: Reason
    passages_read: int = 0
    sources_searched: int = 0
    nearest: tuple[Hit, ...] = ()

    def __str__(self) -> str:
        searched = f"{_count(self.passages_read, 'passage')} of {_count(self.sources_searched, 'source')}"
        return f"{_REASONS[self.reason]} Read: {searched}."

    def to_dict(self) -> dict[str, Any]:
        return {
            "reason": self.reason.value,
            "message": str(self),
            "passages_read": self.passages_read,
            "sources_searched": self.sources_searched,
            "nearest": [hit.to_dict() for hit in self.nearest],
        }


@dataclass(frozen=True, slots=True)
class Usage:
    """What a language model was asked to do for this answer. Cost in US dollars where a price is set."""

    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0
    cost: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an answer was made from and by: enough to get the same answer again."""

    version: str = ""
    corpus: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    settings: str = ""
    answerer: str = "quote"
    notes: tuple[str, ...] = ()
    """Things the reader should know: "no language model; answered with quotations"."""
    usage: Usage | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "corpus": self.corpus,
            "models": dict(self.models),
            "settings": self.settings,
            "answerer": self.answerer,
            "notes": list(self.notes),
            "usage": self.usage.to_dict() if self.usage else None,
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """A step that has begun, for people who wait: "reading 24 passages"."""

    stage: Literal["resolving", "searching", "reading", "writing", "checking"]
    message: str
    kind: str = ""
    """What is asked for, once that is known: the shape that the answer will have."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Sentences with their citations and verdicts, or an abstention; never both, never neither."""

    question: str
    sentences: tuple[Sentence, ...] = ()
    abstention: Abstention | None = None
    searched: str = ""
    """The question as it was searched for; differs from `question` in a follow-up, and where a name was misspelt."""
    kind: str = "fact"
    """What is asked for, as `qa.query.Query.kind`."""
    says: Literal["", "yes", "no"] = ""
    """What the sentences say to a yes-no question; empty where that is not sure."""
    short: bool = False
    """Whether the words marked in the first sentence answer by themselves."""
    premise: str = ""
    """What the question takes for granted and the sources do not bear out; empty if nothing."""
    unsure: bool = False
    """Whether the sentences may be beside the question: they are on its subject, and borne out all the same."""
    groups: tuple[Group, ...] = ()
    silent: tuple[Source, ...] = ()
    """Sources that were searched and say nothing on a question that compares."""
    pairs: tuple[Pair, ...] = ()
    """Where cited sources differ, and, on a question that compares, where they agree."""
    points: tuple[Point, ...] = ()
    """On a question that compares, what the sources say point by point; all that is cited stands in one."""
    event: str = ""
    """The date that a question that compares names, if it names one: a source from before it cannot know of it."""
    dropped: tuple[Dropped, ...] = ()
    invented_markers: int = 0
    hits: tuple[Hit, ...] = ()
    provenance: Provenance = Provenance()
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds by stage."""

    def __post_init__(self) -> None:
        if bool(self.sentences) == bool(self.abstention):
            raise ValueError("an answer holds sentences or an abstention, not both and not neither")
        if not self.searched:
            object.__setattr__(self, "searched", self.question)
        for group in self.groups:
            for i in group.sentences:
                if not 0 <= i < len(self.sentences):
                    raise ValueError(f"group {group.source.id} names sentence {i} of {len(self.sentences)}")

    @property
    def brief(self) -> str:
        """The few words that answer, where one thing is asked for and the answer is sure; else empty."""
        if self.says:
            return self.says.capitalize()
        if not self.short or self.unsure or self.groups or self.pairs or not self.sentences:
            return ""
        return self.sentences[0].brief

    @property
    def caveat(self) -> str:
        """What stands before the sentences: that they may not answer, or are a choice; else empty."""
        if self.kind == "overview" and self.sentences:
            return "Key sentences, chosen to cover the sources; they say more."
        return "Perhaps not an answer. What comes nearest in the sources:" if self.unsure else ""

    @property
    def references(self) -> tuple[Citation, ...]:
        """Cited spans, each once, in order of first mention; their numbers are [1], [2], ..."""
        cited = (c for sentence in self.sentences for c in sentence.citations)
        return tuple({(c.source.id, c.start, c.end): c for c in cited}.values())

    @property
    def sources(self) -> tuple[Source, ...]:
        """Cited sources, each once, in order of first mention."""
        return tuple({c.source.id: c.source for c in self.references}.values())

    @property
    def columns(self) -> tuple[Column, ...]:
        """The sources of a comparison by date, undated ones behind, those from before the event last."""
        said = [cited for point in self.points for cited in point.said] or self.references
        read = Counter(hit.source.id for hit in self.hits)

        def early(source: Source) -> bool:
            precision = min(len(source.when), len(self.event))
            return bool(precision) and source.when[:precision] < self.event[:precision]

        found = [Column(s, read[s.id], early(s)) for s in {cited.source.id: cited.source for cited in said}.values()]
        return tuple(sorted(found, key=lambda c: (c.early, not c.source.when, c.source.when, c.source.name)))

    def markers(self, sentence: Sentence) -> tuple[int, ...]:
        """The numbers, from 1, of the references that a sentence cites."""
        numbers = {(c.source.id, c.start, c.end): n for n, c in enumerate(self.references, start=1)}
        return tuple(dict.fromkeys(numbers[c.source.id, c.start, c.end] for c in sentence.citations))

    def prose(self) -> Iterator[str]:
        """Each sentence as it is read: attribution, text, markers."""
        for sentence in self.sentences:
            text = f"{sentence.attribution}: {sentence.text}" if sentence.attribution else sentence.text
            yield text + "".join(f" [{n}]" for n in self.markers(sentence))

    def __str__(self) -> str:
        lines = [self.premise] if self.premise else []
        if self.abstention:
            return "\n".join([*lines, str(self.abstention)])
        lines += [*([self.caveat] if self.caveat else []), *self.prose(), ""]
        lines += [f"[{n}] {reference(c)}" for n, c in enumerate(self.references, start=1)]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of every surface: the shape of TREC RAG answers, with fields of our own."""
        references = self.references
        return {
            "schema_version": SCHEMA_VERSION,
            "question": self.question,
            "searched": self.searched,
            "kind": self.kind,
            "brief": self.brief,
            "says": self.says,
            "premise": self.premise,
            "unsure": self.unsure,
            "answer": [
                {
                    "text": s.text,
                    "citations": [n - 1 for n in self.markers(s)],
                    "verdict": s.verdict.value,
                    "score": None if s.score is None else round(s.score, 4),
                    "attribution": s.attribution,
                    "span": list(s.span) if s.span else None,
                }
                for s in self.sentences
            ],
            "references": [c.to_dict() for c in references],
            "sources": [source.to_dict() for source in self.sources],
            "groups": [{"source": g.source.id, "sentences": list(g.sentences)} for g in self.groups],
            "silent": [source.id for source in self.silent],
            "pairs": [pair.to_dict() for pair in self.pairs],
            "points": [point.to_dict() for point in self.points],
            "event": self.event,
            "dropped": [{"text": d.text, "reason": d.reason} for d in self.dropped],
            "invented_markers": self.invented_markers,
            "abstention": self.abstention.to_dict() if self.abstention else None,
            "hits": [hit.to_dict() for hit in self.hits],
            "provenance": self.provenance.to_dict(),
            "timings": {stage: round(seconds, 4) for stage, seconds in self.timings.items()},
        }

    def with_(self, **changes: Any) -> Answer:
        """A copy with some fields replaced."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and what was answered; the history is a sequence of these."""

    question: str
    answer: Answer

    @property
    def searched(self) -> str:
        return self.answer.searched


def reference(citation: Citation) -> str:
    """One line of the reference list: who, what, when, where in the document."""
    s = citation.source

    def marked(name: str) -> str:
        value: str = getattr(s, name)
        return f"{value} (inferred)" if value and name in s.inferred else value

    updated = f"updated {marked('updated')}" if s.updated and not s.published else ""
    version = f"version {s.version}" if s.version else ""
    where = "" if s.publisher or s.author else f"({s.id})"  # else two files with one title look alike
    title = f"“{s.title}” {where}".rstrip()
    parts = [marked("publisher"), marked("author"), title, version, marked("published") or updated, citation.heading]
    if citation.page:
        parts.append(f"p. {citation.page}")
    return ", ".join(part for part in parts if part)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
