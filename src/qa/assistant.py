"""The whole: open or build an index, ask, stream, search, converse, check."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from qa import __version__, corpus, dialogue
from qa.answer import compare, points
from qa.answer.overview import SENTENCES, Overview, gathered, overview
from qa.answer.premise import unanswered, unmentioned
from qa.answer.quote import quote, quoted
from qa.answer.short import stands_alone
from qa.answer.yesno import says
from qa.checking.shelf import Shelf
from qa.config import Config, load_config
from qa.corpus import Origin
from qa.decide import UNRELATED, Decision, abstention, decide
from qa.index import Index
from qa.language.alike import stems
from qa.models.embedder import Embedder
from qa.models.entailment import Entailment
from qa.models.reader import Cascade, Reader
from qa.query import Catalogue, Query, Understand, searchable, understand
from qa.read import SentenceReader, WordReader, by_score
from qa.retrieve import Retriever, Stage
from qa.schema import (
    Answer,
    Candidate,
    CorpusError,
    Document,
    Dropped,
    Filters,
    Group,
    Hit,
    IndexMissingError,
    IndexStaleError,
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

Places = str | Path | Document | Sequence[str | Path | Document]
Steps = Callable[[str, int, int], None]
"""Told of progress: what is happening, how much is done, of how much."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What takes the place of a stage or model of `qa`; None: its own."""

    reader: SentenceReader | None = None
    llm: LLM | None = None
    embedder: Embedder | None = None
    entailment: Entailment | None = None
    understand: Understand | None = None


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
        understand: Understand | None = None,
        notes: tuple[str, ...] = (),
        reading: corpus.Intake | None = None,
    ) -> None:
        self.index = index
        self.retriever = retriever
        self.support = support
        self.config = config
        self.llm = llm
        self.understand = understand
        self.notes = notes
        self.reading = reading
        self._parts = Parts(understand=understand)

    @classmethod
    def open(
        cls,
        index: str | Path | None = None,
        config: Config | None = None,
        progress: Steps | None = None,
        *,
        build: bool = True,
        reader: SentenceReader | None = None,
        llm: LLM | None = None,
        embedder: Embedder | None = None,
        entailment: Entailment | None = None,
        understand: Understand | None = None,
        **settings: Any,
    ) -> Self:
        """The assistant over an existing index; where there is none but a corpus is, it is built first.

        Args:
            index: folder of the index; default: the setting `index_dir`.
            config: settings that `settings` are laid over; default: those of `load_config`.
            progress: called with (step, done, total) should it be built.
            build: whether it may be.
            reader: takes the place of the shipped reader, as do `llm` (of llama-index), `embedder`,
                `entailment` and `understand`.

        Raises:
            IndexMissingError: no index, and no corpus to build it from, or it may not be built.
            IndexStaleError: the index is from another version, model or setting.
            ModelError: a model file is missing or altered.
        """
        config = load_config(config, index_dir=index, **settings)
        folder = Path(index or config.index_dir)
        parts = Parts(reader, llm, embedder, entailment, understand)
        try:
            return cls._over(Index.open(folder, config), config, parts=parts)
        except IndexMissingError:
            if not build or not config.corpus_dir.is_dir():
                raise
            return cls.build(config.corpus_dir, folder, config, progress, **_given(parts))

    @classmethod
    def build(
        cls,
        places: Places | None = None,
        index: str | Path | None = None,
        config: Config | None = None,
        progress: Steps | None = None,
        *,
        reader: SentenceReader | None = None,
        llm: LLM | None = None,
        embedder: Embedder | None = None,
        entailment: Entailment | None = None,
        understand: Understand | None = None,
        **settings: Any,
    ) -> Self:
        """Reads documents, brings their index up to date, and opens it. What could not be read is in `skipped`.

        A file that has not changed since the index was built is neither read nor embedded again; where nothing has
        changed, the index stays as it is.

        Args:
            places: a folder, file, glob, web address or `Document`, or several; default: the setting `corpus_dir`.
            index: folder of the index, replaced whole or not at all; default: the setting `index_dir`.
            progress: called with (step, done, total) while it works.
            reader: as in `open`, and `llm`, `embedder`, `entailment`, `understand`.

        Raises:
            CorpusError: a place does not exist, or nothing in it can be read.
            IndexBusyError: another process is writing this index.
            IndexWriteError: the folder cannot be written, or the disk is full.
        """
        config = load_config(config, index_dir=index, **settings)
        folder = Path(index or config.index_dir)
        wanted = _as_list(config.corpus_dir if places is None else places)
        parts = Parts(reader, llm, embedder, entailment, understand)
        base = Index.serving(folder)
        try:
            try:
                return cls._built(wanted, folder, config, progress, base, parts)
            except IndexStaleError:  # what was to be kept is damaged: all is read anew
                if base is None:
                    raise
                return cls._built(wanted, folder, config, progress, None, parts)
        finally:
            if base:
                base.close()

    @classmethod
    def _built(
        cls,
        wanted: Sequence[str | Path | Document],
        folder: Path,
        config: Config,
        progress: Steps | None,
        base: Index | None,
        parts: Parts,
    ) -> Self:
        known = (
            {id_: origin for id_, data in base.origins().items() if (origin := Origin.from_json(data))} if base else {}
        )
        reading = corpus.read(
            wanted, max_bytes=int(config.max_document_mb * 1e6), progress=_reading(progress), known=known
        )
        if not reading.order:
            raise CorpusError(_nothing_read(wanted, reading))
        if base and (anew := base.differs(config)):
            reading = replace(reading, notes=(*reading.notes, f"all passages are made anew: {'; '.join(anew)}"))
        read = {document.id: document for document in reading.documents}
        origins = {id_: origin.to_json() for id_, origin in reading.origins.items()}
        documents = tuple(read.get(id_, id_) for id_ in reading.order)
        index = Index.build(documents, folder, config, parts.embedder, progress, base=base, origins=origins)
        return cls._over(index, config, reading, parts)

    @classmethod
    def _over(
        cls, index: Index, config: Config, reading: corpus.Intake | None = None, parts: Parts | None = None
    ) -> Self:
        parts = parts or Parts()
        notes: list[str] = list(index.notes)
        embedder = parts.embedder or Embedder.load(config.embedding_model)
        retriever = Retriever(index, embedder, parts.reader or _reader(config), config)
        support = Support(parts.entailment or _entailment(config))
        llm = parts.llm or _llm(config, notes)
        made = cls(
            index, retriever, support, config, llm=llm, understand=parts.understand, notes=tuple(notes), reading=reading
        )
        made._parts = parts
        return made

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
        return self.index.passages_of(self.document(id).id)

    def renewed(self) -> Self:
        """Itself; or, once another process has put a newer index into its folder, an assistant over that one.

        For who keeps an assistant open for long.

        Raises:
            IndexStaleError: the newer index does not fit these settings.
        """
        if self.index.is_current:
            return self
        index = Index.open(self.index.folder, self.config)
        retriever = Retriever(index, self.retriever.embedder, self.retriever.reader, self.config)
        return type(self)(
            index, retriever, self.support, self.config, llm=self.llm, understand=self.understand, notes=index.notes
        )

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
        documents: dict[str, Document | str] = {id_: id_ for id_ in self.index.documents}
        origins: dict[str, Any] = {}
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
            origins = {id_: origin.to_json() for id_, origin in reading.origins.items()}
        if not documents:
            raise CorpusError("no document would be left; keep at least one, or delete the index folder")
        folder = Path(index or self.index.folder)
        built = Index.build(
            tuple(documents.values()),
            folder,
            self.config,
            self.retriever.embedder,
            progress,
            base=self.index,
            origins=origins,
        )
        return self._over(built, self.config, reading, self._parts)

    # -- asking ----------------------------------------------------------------------------------------

    def ask(self, question: str, *, filters: Filters | None = None, history: Sequence[Turn] = ()) -> Answer:
        """The answer: checked sentences with their citations, or an abstention with its reason.

        Args:
            filters: only sources that pass are searched.
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
        if history:
            yield Progress("resolving", "reading the conversation")
        query = self._understood(question, history, cancelled).within(filters)
        clock.lap("understand")
        decisions = yield from self._decided(query, clock)
        answer = self._draft(question, query, decisions)
        if any(decision.chosen for decision in decisions):
            answer = yield from self._answered(answer, query, decisions, cancelled)
            clock.lap("answer")
        if answer.sentences:
            yield Progress("checking", f"comparing {_count(len(answer.sentences), 'sentence')}")
            answer = self._compared(answer, query, decisions)
            clock.lap("compare")
        yield answer.with_(timings=clock.laps)

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
        query = self._understood(question)
        return self.retriever.search(query.text, top_k=top_k, filters=filters, stage=stage, prefer=query.sources)

    def candidates(self, question: str, *, filters: Filters | None = None) -> list[Candidate]:
        """Every sentence read for a question with the probability that it answers, best first."""
        query = self._understood(question).within(filters)
        return self.retriever.read(query, self.retriever.retrieve(query))

    @property
    def threshold(self) -> float:
        """Probability that the sources answer below which `ask` abstains."""
        chosen = self.config.min_answer
        return self.retriever.reader.threshold if chosen is None else chosen

    def overview(self, source: str | None = None, *, topic: str = "", most: int = SENTENCES) -> Overview:
        """Key sentences, word for word, that cover one source or all, and what they name.

        Args:
            topic: only what the sources say on it, as they would be asked, at most `most` sentences of each.
            most: key sentences at most.

        Raises:
            QuestionError: there is no such source; the topic has no word.
        """
        sources = self.sources if source is None else [self.document(source).source]
        if not topic.strip():
            return self._overview(sources, most)
        filters = None if source is None else Filters(sources=(source,))
        query = self._understood(f"What do the sources say about {topic.strip()}?").within(filters)
        hits = self.retriever.retrieve(query)
        decision = decide(query, hits, self.retriever.read(query, hits), self.threshold, without=self.config.without)
        return gathered(hits, decision.chosen, most)

    def judge(self, claim: str, evidence: Sequence[str]) -> Judgement:
        """Whether the evidence bears the claim out."""
        return self.support.judge(claim, evidence)

    def check(self, text: str) -> Report:
        """Sentence by sentence, whether these sources bear out a text from elsewhere, markers or not."""
        return check_text(text, self.shelf, self.support, numbers="sources")

    @cached_property
    def shelf(self) -> Shelf:
        """The passages of the index, as what a text is held against."""
        return Shelf(self.index, self.retriever.embedder, self.config.lexical_weight)

    def chat(self) -> Chat:
        """A conversation: follow-ups are understood from what was asked before."""
        return Chat(self)

    async def aask(self, question: str, *, filters: Filters | None = None, history: Sequence[Turn] = ()) -> Answer:
        """`ask`, off the event loop."""
        return await asyncio.to_thread(self.ask, question, filters=filters, history=history)

    async def astream(
        self, question: str, *, filters: Filters | None = None, history: Sequence[Turn] = ()
    ) -> AsyncIterator[Progress | Sentence | Answer]:
        """`stream`, off the event loop; who leaves it, or cancels, stops the work after its present step."""
        left = threading.Event()
        steps = self.stream(question, filters=filters, history=history, cancelled=left.is_set)
        try:
            while (step := await asyncio.to_thread(next, steps, None)) is not None:
                yield step
        finally:
            left.set()

    async def acheck(self, text: str) -> Report:
        """`check`, off the event loop; cancelled, it is no longer waited for."""
        return await asyncio.to_thread(self.check, text)

    async def asearch(self, question: str, **options: Any) -> list[Hit]:
        """`search`, off the event loop."""
        return await asyncio.to_thread(self.search, question, **options)

    def as_retriever(self) -> BaseRetriever:
        """A llama-index retriever; each node has its source's metadata."""
        from qa.engine import NodeRetriever

        return NodeRetriever(self)

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

    @cached_property
    def catalogue(self) -> Catalogue:
        """What questions are understood by: the sources, their names and their words."""
        return Catalogue(
            self.index.described,
            self.index.vocabulary,
            stands=self.index.stands,
            knows=self.retriever.reader.knows,
            beginning=self.index.vocabulary.beginning,
            looked_up=self.index.described,
        )

    def _understood(
        self, question: str, history: Sequence[Turn] = (), cancelled: Callable[[], bool] = lambda: False
    ) -> Query:
        if self.understand is not None:
            return self.understand(question, history, self.catalogue)
        rewrite = None if self.llm is None else partial(_rewritten, self.llm, cancelled)
        return understand(question, history, self.catalogue, rewrite=rewrite, without=self.config.without)

    def _decided(self, query: Query, clock: _Clock) -> Generator[Progress, None, tuple[Decision, ...]]:
        """Each part of the query searched for, read, and judged whether it is answered."""
        yield Progress("searching", f"searching {_count(self._searched(query), 'source')}", query.kind)
        if query.kind == "overview" and "overview" not in self.config.without:
            return (self._gist(query),)
        parts = query.parts or (query,)
        hits = [self.retriever.retrieve(part) for part in parts]
        clock.lap("search")
        yield Progress("reading", f"reading {_count(sum(map(len, hits)), 'passage')}")
        candidates = [self.retriever.read(part, found) for part, found in zip(parts, hits, strict=True)]
        clock.lap("read")
        decided = partial(
            decide,
            threshold=self.threshold,
            lenient=self._writes,
            several=bool(query.parts),
            without=self.config.without,
            passages_of=self.index.passages_of,
        )
        return tuple(decided(*part) for part in zip(parts, hits, candidates, strict=True))

    def _gist(self, query: Query) -> Decision:
        """Key sentences of the sources that the query names, of what stands under a heading, on a topic, or of all."""
        sources = [s for s in self.sources if query.filters.passes(s) and (not query.sources or s.id in query.sources)]
        topic = query.about != query.text
        found = self._overview(sources, under=stems(query.about) if topic else frozenset())
        if topic and not found.sentences:
            near = self.retriever.retrieve(replace(query, text=query.about))
            found = self._summed([hit for hit in near if hit.cosine >= UNRELATED])
        hits = tuple({c.hit.passage.id: c.hit for c in found.sentences}.values())
        return Decision(query, hits, found.sentences, found.sentences)

    def _overview(
        self, sources: Sequence[Source], most: int = SENTENCES, under: frozenset[str] = frozenset()
    ) -> Overview:
        hits = [Hit(p, source, 1.0) for source in sources for p in self.index.passages_of(source.id)]
        headed = [hit for hit in hits if under <= stems(hit.passage.heading)]
        return self._summed(headed or [hit for hit in hits if under <= stems(hit.source.title)], most)

    def _summed(self, hits: Sequence[Hit], most: int = SENTENCES) -> Overview:
        passages = {p.id: n for n, p in enumerate(self.index.passages.values())}
        vectors = np.asarray(self.index.matrix)[[passages[hit.passage.id] for hit in hits]]
        return overview(
            hits, vectors, lambda texts: np.asarray(self.retriever.embedder.embed_passages(list(texts))), most
        )

    def _draft(self, question: str, query: Query, decisions: Sequence[Decision]) -> Answer:
        speaking = any(part.of for part in query.parts)  # of whom who says nothing is told otherwise
        asked_besides = bool(query.parts) and not speaking and any(d.chosen for d in decisions)
        open_ = [d.query for d in decisions if asked_besides and not d.chosen]
        return Answer(
            question=question,
            searched=query.text,
            kind=query.kind,
            abstention=abstention(decisions, self._searched(query)),
            premise=unmentioned(query) or unanswered(open_),
            hits=_hits(decisions),
            provenance=self._provenance(notes=query.notes),
        )

    def _answered(
        self, answer: Answer, query: Query, decisions: Sequence[Decision], cancelled: Callable[[], bool]
    ) -> Generator[Progress | Sentence, None, Answer]:
        """Sentences, written or quoted, each as soon as it stands."""
        written: Outcome | None = None
        held = self.config.llm_fallback == "quote"
        sentences: list[Sentence] = []
        dropped: list[Dropped] = []
        if self._writes and not _lists(query, decisions, self.config.without):
            yield Progress("writing", f"writing with {self.config.llm_model or 'a language model'}")
            candidates = by_score(c for decision in decisions for c in decision.chosen)
            for item in self._write(query.text, answer.hits, candidates, cancelled):
                if isinstance(item, Sentence):
                    sentences.append(item)
                    yield from () if held else (item,)  # what may yet be taken back is not shown
                elif isinstance(item, Dropped):
                    dropped.append(item)
                else:
                    written = item
            if held and written is not None and not written.failed:
                yield from sentences
        declined = bool(written and written.declined)
        if written and written.failed and held:
            sentences = []
        quotes = not sentences and not declined
        if quotes:  # what was written is no answer; what it was to be written from may be
            likely = [d for d in decisions if d.likely]
            sentences = list(_quoted(likely, self.config.max_sentences, self.config.without))
        said, deciding = (
            says(query.text, sentences, self.support.probabilities) if query.kind == "yes-no" else ("", None)
        )
        if quotes:
            if deciding and deciding is not sentences[0]:
                first = [replace(d, chosen=_with_first(deciding, d.chosen)) for d in likely]
                sentences = list(_quoted(first, self.config.max_sentences, self.config.without))
            yield from sentences
        short = quotes and bool(sentences) and len(decisions) == 1
        reason = Reason.NOT_SUPPORTED if dropped and not declined else Reason.NOT_ANSWERED
        return answer.with_(
            sentences=tuple(sentences),
            short=short and stands_alone(query, sentences[0], decisions[0].best),
            says=said,
            abstention=None if sentences else abstention(decisions, self._searched(query), reason),
            unsure=bool(sentences) and quotes and all(decision.unsure for decision in decisions if decision.chosen),
            dropped=tuple(dropped),
            invented_markers=written.invented_markers if written else 0,
            provenance=self._provenance(written, "quote" if quotes else "write", query.notes),
        )

    def _compared(self, answer: Answer, query: Query, decisions: Sequence[Decision]) -> Answer:
        """The answer with what its sources say side by side, where they differ, and which say nothing."""
        speaking = not query.parts or any(part.of for part in query.parts)
        if query.comparing and speaking:  # each source's together, as they are shown
            shown = [i for group in _grouped(answer.sentences) for i in group.sentences]
            answer = answer.with_(sentences=tuple(answer.sentences[i] for i in dict.fromkeys(shown)))
        pairs = compare.pairs(query, answer.sentences, self.support.probabilities)
        if not query.comparing:
            return answer.with_(pairs=pairs)
        if not speaking:  # two things, not two who speak of one
            return answer.with_(pairs=pairs, groups=_grouped(answer.sentences))
        rows = points.points(query, answer.sentences, pairs, answer.hits)
        cited = {source_id for sentence in answer.sentences for source_id in sentence.source_ids}
        cited |= {citation.source.id for point in rows for citation in point.said}
        passing = self.index.passing(query.filters)
        asked = passing & query.sources if query.sources else passing
        return answer.with_(
            pairs=pairs,
            groups=_grouped(answer.sentences),
            silent=tuple(source for source in self.sources if source.id in asked - cited),
            points=rows,
            event=points.event(query),
        )

    def _searched(self, query: Query) -> int:
        """The number of sources that may answer."""
        if query.comparing and query.sources:
            return len(query.sources & self.index.passing(query.filters))
        return self.index.passing_count(query.filters)

    @property
    def _writes(self) -> bool:
        return self.llm is not None and self.config.answerer != "quote"

    def _write(
        self, question: str, hits: Sequence[Hit], candidates: Sequence[Candidate], cancelled: Callable[[], bool]
    ) -> Iterator[Sentence | Dropped | Outcome]:
        from qa.answer.write import write  # llama-index's LLM half is only paid for when one is set

        assert self.llm is not None
        return write(
            question,
            hits,
            self.llm,
            self.support,
            self.config,
            candidates=candidates,
            document=self.retriever.document,
            cancelled=cancelled,
        )

    def _provenance(
        self,
        written: Outcome | None = None,
        answerer: Literal["quote", "write"] = "quote",
        notes: Sequence[str] = (),
    ) -> Provenance:
        reader = self.retriever.reader
        models = {"embedder": self.retriever.embedder.digest, "reader": reader.digest}
        if reader.last is not None:
            models["last reader"] = reader.last.digest
        if self.support.entailment is not None:
            models["support"] = self.support.entailment.digest
        return Provenance(
            version=__version__,
            corpus=self.index.manifest.corpus,
            models=models,
            settings=self.config.digest(),
            answerer=answerer,
            notes=(*self.notes, *notes, *(written.notes if written else ())),
            usage=written.usage if written else None,
        )


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


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = now - self._last
        self._last = now


def _hits(decisions: Sequence[Decision]) -> tuple[Hit, ...]:
    """All passages that were found, each once."""
    return tuple({hit.passage.id: hit for decision in decisions for hit in decision.hits}.values())


def _quoted(decisions: Sequence[Decision], limit: int, without: Collection[str] = ()) -> Iterator[Sentence]:
    """Sentences word for word, for each part of the query in turn, none twice."""
    share = max(1, limit // len(decisions)) if len(decisions) > 1 else limit
    if decisions and decisions[0].query.kind == "overview" and "overview" not in without:
        # chosen already, in the order of their documents
        yield from (quoted(c, c.start, c.end) for c in decisions[0].chosen)
        return
    said: set[tuple[str, ...]] = set()
    for decision in decisions:
        query = decision.query
        kind = "fact" if query.kind in without else query.kind
        for sentence in quote(decision.chosen, share, kind):
            told = (sentence.text, *sentence.source_ids)  # two sources may say it in the same words
            if told not in said:
                said.add(told)
                how = f", {decision.note}" if decision.note else ""
                yield replace(sentence, attribution=f"{sentence.attribution}{how}")


def _lists(query: Query, decisions: Sequence[Decision], without: Collection[str]) -> bool:
    """Whether the first quotation is the list or the steps that are asked for: whole as it stands, and in its order.

    What is written leaves items out, or drops those of one word, which are no sentences.
    """
    if query.kind not in ("list", "how-to") or query.parts:
        return False
    first = next(_quoted([d for d in decisions if d.likely], 1, without), None)
    return first is not None and first.text.count("\n") > 1


def _with_first(sentence: Sentence, chosen: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates, that of a quoted sentence before the others."""
    [cited] = sentence.citations
    inside = [c for c in chosen if c.hit.passage.id == cited.passage_id and cited.start <= c.start < cited.end]
    return (*inside, *(c for c in chosen if c not in inside))


def _rewritten(
    llm: LLM, cancelled: Callable[[], bool], question: str, history: Sequence[Turn], sources: Sequence[Source]
) -> str:
    from qa.answer.llm import reply  # llama-index's LLM half is only paid for when one is set

    return dialogue.resolve_with(lambda prompt: reply(llm, prompt, cancelled), question, history, sources)


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
    if config.reader == "none":
        return WordReader()
    return Reader.load() if config.reader == "small" else Cascade.load()


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


def _given(parts: Parts) -> dict[str, Any]:
    return {name: getattr(parts, name) for name in Parts.__slots__}


def _as_list(places: Places) -> list[str | Path | Document]:
    return [places] if isinstance(places, str | Path | Document) else list(places)


def _reading(progress: Steps | None) -> Callable[[int, int, str], None] | None:
    if progress is None:
        return None
    return lambda done, total, _: progress("reading", done, total)


def _nothing_read(places: Sequence[str | Path | Document], reading: corpus.Intake) -> str:
    where = ", ".join(str(place) for place in places)
    if not reading.skipped:
        return f"there is no document in {where}; put Markdown, text, HTML, PDF, DOCX or other documents there"
    first = reading.skipped[0]
    rest = f" (and {len(reading.skipped) - 1} more)" if len(reading.skipped) > 1 else ""
    which = "" if first.place == where else f"{first.place}: "
    return f"no document in {where} can be read: {which}{first.reason}; {first.remedy}{rest}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
