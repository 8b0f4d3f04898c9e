"""The whole: open or build an index, ask, stream, search, converse, check."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from qa import __version__, corpus, dialogue
from qa.answer import compare, premise
from qa.answer.attribute import speaks
from qa.answer.quote import quote
from qa.config import Config, load_config
from qa.index import Index
from qa.models.embedder import Embedder
from qa.models.entailment import Entailment
from qa.models.reader import Reader
from qa.read import SentenceReader, WordReader, by_score
from qa.retrieve import Retriever, Stage, searchable
from qa.schema import (
    Abstention,
    Answer,
    Candidate,
    CorpusError,
    Document,
    Dropped,
    Filters,
    Group,
    Hit,
    IndexMissingError,
    LanguageModelError,
    Passage,
    Progress,
    Provenance,
    QuestionError,
    Reason,
    Sentence,
    Source,
    Turn,
)
from qa.support import Judgement, Report, Support
from qa.support import check as check_text

if TYPE_CHECKING:
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.llms import LLM
    from llama_index.core.query_engine import CustomQueryEngine

    from qa.answer.write import Outcome

Places = str | Path | Sequence[str | Path]
Steps = Callable[[str, int, int], None]
"""Told of progress: what is happening, how much is done, of how much."""

NEAREST = 3
"""Passages shown with an abstention."""

LENIENT = 0.4
"""Share of the threshold that is enough where the question errs or asks for several things, or a language model
writes and is checked."""

COMPARING = 0.1
"""The same for questions that compare: what each source says of a topic is seldom a plain answer."""

ON_POINT = 0.29
"""Probability from which a sentence on part of a topic is taken for what somebody says on it: of 26 topics made up for
`corpus/`, 11 of the 12 that a source deals with in other words reach it, and one of the 14 others."""

PERHAPS = 0.5
"""Probability that the sources answer below which an answer is marked as perhaps none; chosen on the dev questions:
between the threshold and this lie a sixth of the answerable ones, and an eighth of the others."""

IRRELEVANT, UNRELATED = 0.1, 0.3
"""Below this probability, and with no passage of this cosine, the sources do not even deal with the question."""


class Assistant:
    """Answers questions over an index. Made by `open` or `build`; `__init__` takes the parts.

    Safe to share between threads: asking changes nothing in it.
    """

    def __init__(
        self,
        index: Index,
        retriever: Retriever,
        support: Support,
        config: Config,
        *,
        llm: LLM | None = None,
        notes: tuple[str, ...] = (),
        reading: corpus.Reading | None = None,
    ) -> None:
        self.index = index
        self.retriever = retriever
        self.support = support
        self.config = config
        self.llm = llm
        self.notes = notes
        self.reading = reading

    @classmethod
    def open(
        cls,
        index: str | Path | None = None,
        config: Config | None = None,
        progress: Steps | None = None,
        *,
        build: bool = True,
        **settings: Any,
    ) -> Self:
        """The assistant over an existing index; where there is none but a corpus is, it is built first.

        Args:
            index: folder of the index; default: the setting `index_dir`.
            config: settings; default: `load_config(**settings)`.
            progress: called with (step, done, total) should it be built.
            build: whether it may be.

        Raises:
            IndexMissingError: no index, and no corpus to build it from, or it may not be built.
            IndexStaleError: the index is from another version, model or setting.
            ModelError: a model file is missing or altered.
        """
        config = config or load_config(index_dir=index, **settings)
        folder = Path(index or config.index_dir)
        try:
            return cls._over(Index.open(folder, config), config)
        except IndexMissingError:
            if not build or not config.corpus_dir.is_dir():
                raise
            return cls.build(config.corpus_dir, folder, config, progress)

    @classmethod
    def build(
        cls,
        places: Places | None = None,
        index: str | Path | None = None,
        config: Config | None = None,
        progress: Steps | None = None,
        **settings: Any,
    ) -> Self:
        """Reads documents, makes their index, and opens it. What could not be read is in `skipped`.

        Args:
            places: a folder, file, glob or web address, or several; default: the setting `corpus_dir`.
            index: folder of the index, replaced whole or not at all; default: the setting `index_dir`.
            progress: called with (step, done, total) while it works.

        Raises:
            CorpusError: a place does not exist, or nothing in it can be read.
            IndexBusyError: another process is writing this index.
            IndexWriteError: the folder cannot be written, or the disk is full.
        """
        config = config or load_config(index_dir=index, **settings)
        folder = Path(index or config.index_dir)
        wanted = _as_list(config.corpus_dir if places is None else places)
        reading = corpus.read(wanted, max_bytes=int(config.max_document_mb * 1e6), progress=_reading(progress))
        if not reading.documents:
            raise CorpusError(_nothing_read(wanted, reading))
        return cls._over(Index.build(reading.documents, folder, config, progress=progress), config, reading)

    @classmethod
    def _over(cls, index: Index, config: Config, reading: corpus.Reading | None = None) -> Self:
        notes: list[str] = []
        embedder = Embedder.load(config.embedding_model)
        retriever = Retriever(index, embedder, _reader(config), config)
        support = Support(_entailment(config))
        return cls(index, retriever, support, config, llm=_llm(config, notes), notes=tuple(notes), reading=reading)

    # -- the corpus ------------------------------------------------------------------------------------

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources of the index, in the order of their ids."""
        return self.index.sources

    @property
    def skipped(self) -> tuple[corpus.Skipped, ...]:
        """What the build that made this assistant could not read; empty after `open`."""
        return self.reading.skipped if self.reading else ()

    def document(self, id: str) -> Document:
        """The whole document of a source.

        Raises:
            QuestionError: there is no such source; the message names those there are.
        """
        try:
            return self.index.documents[id]
        except KeyError:
            known = ", ".join(source.id for source in self.sources)
            raise QuestionError(f"no source {id!r}; there are: {known}") from None

    def passages(self, id: str) -> tuple[Passage, ...]:
        """The passages of a source, in the order of its text."""
        found = (p for p in self.index.passages.values() if p.document_id == self.document(id).id)
        return tuple(sorted(found, key=lambda p: p.start))

    def changed(
        self,
        *,
        add: Places = (),
        remove: Collection[str] = (),
        describe: Mapping[str, Source] | None = None,
        index: str | Path | None = None,
        progress: Steps | None = None,
    ) -> Self:
        """A new assistant over this index with documents added, removed, or described otherwise.

        Args:
            add: files, folders, globs or addresses; one with the id of a source here replaces it.
            remove: ids of sources.
            describe: by id, the corrected `Source` of a document.
            index: folder to write to; default: this index's own, swapped in whole.

        Raises:
            CorpusError: nothing could be read, or nothing would be left.
            QuestionError: an id that is not here.
        """
        documents = {source.id: self.document(source.id) for source in self.sources}
        for id_ in remove:
            documents.pop(self.document(id_).id)
        for id_, source in (describe or {}).items():
            old = self.document(id_)
            documents[id_] = Document(source, old.text, old.sections, old.pages)
        reading = None
        if wanted := _as_list(add):
            reading = corpus.read(wanted, max_bytes=int(self.config.max_document_mb * 1e6))
            if not reading.documents:
                raise CorpusError(_nothing_read(wanted, reading))
            documents |= {document.id: document for document in reading.documents}
        if not documents:
            raise CorpusError("no document would be left; keep at least one, or delete the index folder")
        folder = Path(index or self.index.folder)
        built = Index.build(tuple(documents.values()), folder, self.config, progress=progress)
        return self._over(built, self.config, reading)

    # -- asking ----------------------------------------------------------------------------------------

    def ask(self, question: str, *, filters: Filters | None = None, history: Sequence[Turn] = ()) -> Answer:
        """The answer: checked sentences with their citations, or an abstention with its reason.

        Args:
            filters: walls; only sources that pass are searched.
            history: earlier turns; a follow-up is resolved against them before it is searched.

        Raises:
            QuestionError: the question is empty, too long or has no word; no source passes the filter.
        """
        *_, answer = self.stream(question, filters=filters, history=history)
        assert isinstance(answer, Answer)  # `stream` ends with it
        return answer

    def stream(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Progress | Sentence | Answer]:
        """As `ask`, step by step: progress, each sentence when it is checked, last the whole answer."""
        clock = _Clock()
        searchable(question)
        put = searched = self.retriever.spelled(question)
        if history:
            yield Progress("resolving", "reading the conversation")
            searched = self._resolve(put, history, cancelled)
            clock.lap("resolve")
        found = yield from self._find(searched, put if history else "", filters, clock)

        draft = Answer(
            question=question,
            searched=searched,
            abstention=self._abstention(found),
            hits=tuple(found.hits),
            provenance=self._provenance(),
        )
        absent = premise.unmentioned(searched, found.hits, self.index.vocabulary, self._allowed(filters))
        supposed = premise.Premise(absent) if absent else premise.not_borne_out(searched, found.hits)
        taken, first = supposed.text, supposed.told
        writes = self.llm is not None and self.config.answerer != "quote"
        several = compare.asks_several(searched)
        lenient = (taken and not first) or several or writes
        bar = self.threshold * (0 if found.heard else COMPARING if found.comparing else LENIENT if lenient else 1)
        nobody = absent and not found.comparing  # what is asked about stands in no source: nothing here answers
        answers = bool(found.chosen) and not nobody and found.best >= bar
        if not answers and not first:
            if found.heard:
                documents = [self.document(source.id) for source in found.within]
                taken = taken or premise.not_dealt_with(found.heard.topic, documents)
            yield draft.with_(premise=taken, timings=clock.laps)
            return

        sentences: list[Sentence] = []
        dropped: list[Dropped] = []
        written: Outcome | None = None
        if writes and answers:
            yield Progress("writing", f"writing with {self.config.llm_model or 'a language model'}")
            for item in self._write(searched, found.hits, cancelled):
                if isinstance(item, Sentence):
                    sentences.append(item)
                    yield item
                elif isinstance(item, Dropped):
                    dropped.append(item)
                else:
                    written = item
        quotes = not written or (written.failed and (not sentences or self.config.llm_fallback == "quote"))
        if quotes:
            chosen = found.chosen if answers else ()
            limit = self.config.max_sentences
            sentences = []
            for sentence in quote(chosen, limit, comparing=found.comparing, several=several, first=first):
                sentences.append(sentence)
                yield sentence
        clock.lap("answer")
        draft = draft.with_(
            premise=taken,
            dropped=tuple(dropped),
            invented_markers=written.invented_markers if written else 0,
            provenance=self._provenance(written, "quote" if quotes else "write"),
        )
        if not sentences:
            declined = written.declined if written else False
            reason = Reason.NOT_SUPPORTED if dropped and not declined else Reason.NOT_ANSWERED
            yield draft.with_(abstention=self._abstention(found, reason), timings=clock.laps)
            return

        yield Progress("checking", f"comparing {_count(len(sentences), 'sentence')}")
        pairs = compare.pairs(searched, sentences, self.support.probabilities, comparing=found.comparing)
        clock.lap("compare")
        cited = {source_id for sentence in sentences for source_id in sentence.source_ids}
        yield draft.with_(
            sentences=tuple(sentences),
            abstention=None,
            unsure=answers and quotes and not found.comparing and found.best < PERHAPS,
            groups=_grouped(sentences) if found.comparing else (),
            silent=tuple(s for s in found.within if s.id not in cited) if found.comparing else (),
            pairs=pairs,
            timings=clock.laps,
        )

    def search(
        self,
        question: str,
        *,
        top_k: int | None = None,
        filters: Filters | None = None,
        stage: Stage = "reader",
    ) -> list[Hit]:
        """Passages for a question, best first, each with its rank in every stage.

        Raises:
            QuestionError: as `ask`.
        """
        return self.retriever.search(question, top_k=top_k, filters=filters, stage=stage)

    def candidates(self, question: str, *, filters: Filters | None = None) -> list[Candidate]:
        """Every sentence read for a question with the probability that it answers, best first."""
        return self.retriever.read(question, self.retriever.search(question, filters=filters))

    @property
    def threshold(self) -> float:
        """Probability that the sources answer below which `ask` abstains."""
        chosen = self.config.min_answer
        return self.retriever.reader.threshold if chosen is None else chosen

    def judge(self, claim: str, evidence: Sequence[str]) -> Judgement:
        """Whether the evidence bears the claim out."""
        return self.support.judge(claim, evidence)

    def check(self, text: str) -> Report:
        """Sentence by sentence, whether these sources bear out a text from elsewhere, markers or not."""
        hits = [
            Hit(passage, self.document(passage.document_id).source, 0.0) for passage in self.index.passages.values()
        ]
        return check_text(text, hits, self.support, numbers="sources")

    def chat(self) -> Chat:
        """A conversation: follow-ups are understood from what was asked before."""
        return Chat(self)

    async def aask(self, question: str, *, filters: Filters | None = None, history: Sequence[Turn] = ()) -> Answer:
        """`ask`, off the event loop."""
        return await asyncio.to_thread(self.ask, question, filters=filters, history=history)

    async def asearch(self, question: str, **options: Any) -> list[Hit]:
        """`search`, off the event loop."""
        return await asyncio.to_thread(self.search, question, **options)

    def as_retriever(self) -> BaseRetriever:
        """A llama-index retriever; each node has its source's metadata."""
        from qa.engine import Retriever

        return Retriever(self)

    def as_query_engine(self) -> CustomQueryEngine:
        """A llama-index query engine; the answer's dictionary is the response's metadata."""
        from qa.engine import QueryEngine

        return QueryEngine(assistant=self)

    def close(self) -> None:
        """Gives the index's files back."""
        self.index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- parts of an answer ----------------------------------------------------------------------------

    def _resolve(self, question: str, history: Sequence[Turn], cancelled: Callable[[], bool]) -> str:
        if self.llm is None:
            return dialogue.resolve(question, history, self.sources)
        return dialogue.resolve_with(self.llm, question, history, self.sources, cancelled)

    def _allowed(self, filters: Filters | None) -> list[Source]:
        return [source for source in self.sources if not filters or filters.passes(source)]

    def _find(
        self, question: str, put: str, filters: Filters | None, clock: _Clock
    ) -> Generator[Progress, None, _Found]:
        """What the sources have on a question.

        Args:
            put: a follow-up as it was put; else empty.
        """
        allowed = self._allowed(filters)
        named = self.retriever.named(question)
        only = [s for s in allowed if s.id in named] if len(named) > 1 else []
        if only:  # these were asked for, nobody else
            filters = replace(filters or Filters(), sources=tuple(s.id for s in only))
        yield Progress("searching", f"searching {_count(len(only or allowed), 'source')}")
        saying = compare.saying(question)
        if saying and (found := self._heard(saying, filters)):
            clock.lap("search")
            return found
        comparing = bool(only) or compare.compares(question)
        asked = compare.topic(question) if comparing else question
        hits = self.retriever.search(question, filters=filters, spread=comparing)
        clock.lap("search")
        yield Progress("reading", f"reading {_count(len(hits), 'passage')}")
        candidates = self.retriever.read(asked, hits, put or asked)
        clock.lap("read")
        chosen = compare.on_point(asked, candidates, asked=only) if comparing else candidates
        if not chosen and candidates and candidates[0].score >= self.threshold:
            chosen = candidates  # words alone silence nobody: where none holds the topic's, a sure reader decides
        return _Found(hits, candidates, chosen, only or allowed, comparing)

    def _heard(self, saying: compare.Saying, filters: Filters | None) -> _Found | None:
        """What those say on a topic who are asked for by name: sources, or speakers in the texts.

        Nothing where somebody is neither.
        """
        hits: dict[str, Hit] = {}
        read: list[Candidate] = []
        chosen: list[Candidate] = []
        heard: set[str] = set()
        for who in saying.whose:
            own = self.retriever.named(who)
            only = tuple(source.id for source in self._allowed(filters) if source.id in own)
            walls = replace(filters or Filters(), sources=only) if only else filters
            found = self.retriever.search(saying.topic if only else f"{who} {saying.topic}", filters=walls)
            candidates = self.retriever.read(saying.topic, found, topic=True)
            if not only:
                candidates = [c for c in candidates if speaks(who, c.hit.passage, (c.start, c.end))]
            mine = compare.on_point(saying.topic, candidates, sure=ON_POINT)
            if not only and not mine:
                return None
            hits |= {hit.passage.id: hit for hit in found}
            read += candidates
            chosen += mine
            heard |= set(only) or {c.hit.source.id for c in mine}
        within = [source for source in self.sources if source.id in heard]
        return _Found(list(hits.values()), by_score(read), by_score(chosen), within, comparing=True, heard=saying)

    def _write(
        self, question: str, hits: Sequence[Hit], cancelled: Callable[[], bool]
    ) -> Iterator[Sentence | Dropped | Outcome]:
        from qa.answer.write import write  # llama-index's LLM half is only paid for when one is set

        assert self.llm is not None
        return write(question, hits, self.llm, self.support, self.config, cancelled=cancelled)

    def _abstention(self, found: _Found, reason: Reason | None = None) -> Abstention:
        if reason is None:
            strange = found.best < IRRELEVANT and all(hit.cosine < UNRELATED for hit in found.hits)
            reason = Reason.NOT_RELEVANT if strange else Reason.NOT_ANSWERED
            reason = reason if found.hits else Reason.NOTHING_FOUND
        nearest = tuple({c.hit.passage.id: c.hit for c in found.candidates}.values())[:NEAREST]
        return Abstention(reason, len(found.hits), len(found.within), nearest)

    def _provenance(self, written: Outcome | None = None, answerer: Literal["quote", "write"] = "quote") -> Provenance:
        models = {"embedder": self.retriever.embedder.digest, "reader": self.retriever.reader.digest}
        if self.support.entailment is not None:
            models["support"] = self.support.entailment.digest
        return Provenance(
            version=__version__,
            corpus=self.index.manifest.corpus,
            models=models,
            settings=self.config.digest(),
            answerer=answerer,
            notes=(*self.notes, *(written.notes if written else ())),
            usage=written.usage if written else None,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """What the sources have on a question."""

    hits: Sequence[Hit]
    candidates: Sequence[Candidate]
    """Every sentence that was read, best first."""
    chosen: Sequence[Candidate]
    """Those that may be quoted, best first."""
    within: Sequence[Source]
    """The sources that were asked."""
    comparing: bool
    """Whether it is answered source by source."""
    heard: compare.Saying | None = None
    """Set where somebody was asked for by name."""

    @property
    def best(self) -> float:
        """The probability that the sources answer."""
        return self.candidates[0].score if self.candidates else 0.0


class Chat:
    """One conversation. `turns` is its history; a new `Chat` knows nothing of another."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self.turns: tuple[Turn, ...] = ()

    def ask(self, question: str, *, filters: Filters | None = None) -> Answer:
        """As `Assistant.ask`, in the light of the turns before; the turn is remembered."""
        answer = self.assistant.ask(question, filters=filters, history=self.turns)
        self.turns += (Turn(question, answer),)
        return answer

    def stream(self, question: str, *, filters: Filters | None = None) -> Iterator[Progress | Sentence | Answer]:
        """As `Assistant.stream`; the turn is remembered once the answer is whole."""
        for event in self.assistant.stream(question, filters=filters, history=self.turns):
            if isinstance(event, Answer):
                self.turns += (Turn(question, event),)
            yield event


def check(text: str, passages: Sequence[Hit] | Mapping[str, str]) -> Report:
    """Sentence by sentence, whether the passages bear a text out; numbers in it count the passages.

    Args:
        text: prose with markers in any shape, or without.
        passages: hits, or texts by name. For a whole index, `Assistant.check`.
    """
    return check_text(text, passages, Support(_entailment(load_config())))


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = now - self._last
        self._last = now


def _grouped(sentences: Sequence[Sentence]) -> tuple[Group, ...]:
    places: dict[str, list[int]] = {}
    sources: dict[str, Source] = {}
    for i, sentence in enumerate(sentences):
        for citation in sentence.citations:
            sources[citation.source.id] = citation.source
            mine = places.setdefault(citation.source.id, [])
            if i not in mine:
                mine.append(i)
    return tuple(Group(sources[id_], tuple(mine)) for id_, mine in places.items())


def _reader(config: Config) -> SentenceReader:
    return WordReader() if config.reader == "none" else Reader.load()


def _entailment(config: Config) -> Entailment | None:
    return None if config.support == "none" else Entailment.load()


def _llm(config: Config, notes: list[str]) -> LLM | None:
    if config.answerer == "quote" or not (config.llm_url or config.llm_model):
        if config.answerer == "write":
            notes.append("no language model is set (QA_LLM_URL, QA_LLM_MODEL); answered with quotations")
        return None
    from qa.answer.write import load_llm

    try:
        return load_llm(config)
    except LanguageModelError as error:
        notes.append(f"{error}; answered with quotations")
        return None


def _as_list(places: Places) -> list[str | Path]:
    return [places] if isinstance(places, str | Path) else list(places)


def _reading(progress: Steps | None) -> Callable[[int, int, str], None] | None:
    if progress is None:
        return None
    return lambda done, total, _: progress("reading", done, total)


def _nothing_read(places: Sequence[str | Path], reading: corpus.Reading) -> str:
    where = ", ".join(str(place) for place in places)
    if not reading.skipped:
        return f"there is no document in {where}; put Markdown, text, HTML, PDF or DOCX files there"
    first = reading.skipped[0]
    rest = f" (and {len(reading.skipped) - 1} more)" if len(reading.skipped) > 1 else ""
    return f"no document in {where} can be read: {first.place}: {first.reason}; {first.remedy}{rest}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
