"""The steps of a build: documents -> passages -> vectors -> files of a new generation."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qa import __version__
from qa.config import Config
from qa.index import manifest as manifests
from qa.index.manifest import FORMAT, Manifest
from qa.index.vectors import VectorIndex
from qa.index.words import Words
from qa.language import facts, name_key
from qa.models.embedder import Embedder
from qa.passages import split
from qa.schema import CorpusError, Document, IndexStaleError, IndexWriteError, Passage, Source

Steps = Callable[[str, int, int], None]
"""Told (step, done, total) while an index is built."""

_LIBRARIES: Final = ("chromadb", "bm25s", "llama-index-core")
_NAME: Final = re.compile(r"[^\W\d_][\w’'-]*\w")
"""A word of a name; those of `qa.language` run from "al-Arouri" to "Izz ad-Din"."""


def embedded_text(passage: Passage, source: Source) -> str:
    """What the model and BM25 read, never what is cited: heading, passage, then title, publisher and date.

    The source comes last, for a model that reads 256 tokens must not lose a passage's end to a long title.
    """
    heading = f"{passage.heading}. " if passage.heading else ""
    about = ", ".join(filter(None, (source.title, source.publisher, source.published)))
    text = f"{heading}{passage.text} {about}"
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text for a tokenizer


def check(documents: Sequence[Document]) -> None:
    """Raises CorpusError for documents of which no index can be made."""
    if not documents:
        raise CorpusError("there are no documents to index; put some into the corpus folder, or name a path")
    twice = [id_ for id_, n in Counter(document.id for document in documents).items() if n > 1]
    if twice:
        raise CorpusError(f"two documents have the id {twice[0]!r}; rename one, or give it an `id`")


def cut(documents: Sequence[Document], config: Config, report: Steps) -> tuple[list[Passage], list[Source]]:
    """All passages, and for each its source."""
    passages: list[Passage] = []
    sources: list[Source] = []
    for done, document in enumerate(documents, start=1):
        parts = split(document, target=config.passage_words, maximum=config.passage_words_max)
        passages += parts
        sources += [document.source] * len(parts)
        report("splitting", done, len(documents))
    if not passages:
        raise CorpusError(f"there is not one word in {len(documents)} documents; nothing was indexed")
    return passages, sources


def embed(
    texts: Sequence[str], embedder: Embedder, known: Mapping[str, NDArray[np.float32]], report: Steps
) -> NDArray[np.float32]:
    """The vector of each text, embedded where its digest is not among the `known` ones."""
    missing = [place for place, text in enumerate(texts) if text_digest(text) not in known]
    before = len(texts) - len(missing)
    report("embedding", before, len(texts))
    vectors = np.empty((len(texts), embedder.dimension), dtype=np.float32)
    for place, text in enumerate(texts):
        vectors[place] = known.get(text_digest(text), 0)
    if missing:
        vectors[missing] = embedder.embed_passages(
            [texts[place] for place in missing],
            lambda done: report("embedding", before + done, len(texts)),
        )
    return vectors


def write_vectors(
    new: Path,
    url: str,
    passages: Sequence[Passage],
    sources: Sequence[Source],
    vectors: NDArray[np.float32],
    report: Steps,
) -> None:
    """Writes, closes, opens again and compares: what the disk holds is what was meant."""
    store = VectorIndex.create(new, url)
    try:
        store.write(passages, sources, vectors, lambda done: report("writing", done, len(passages)))
    finally:
        store.close()
    try:
        store = VectorIndex.open(new, url)
        try:
            stored = store.get([p.id for p in passages]) if store.count() == len(passages) else {}
        finally:
            store.close()
    except IndexStaleError as error:
        raise IndexWriteError(
            f"what was written cannot be read back: {error.__cause__ or error}; see whether the disk is "
            "full, then run `qa index` again. The index that was there before is untouched"
        ) from error
    wrong = [
        p.id
        for p, vector in zip(passages, vectors, strict=True)
        if p.id not in stored or not np.allclose(stored[p.id], vector, atol=1e-6)
    ]
    if wrong:
        raise IndexWriteError(
            f"{len(wrong)} of {len(passages)} vectors were not stored as written, the first is {wrong[0]}; "
            "look at the disk, then run `qa index` again. The index that was there before is untouched"
        )


def write_files(
    new: Path,
    documents: Sequence[Document],
    passages: Sequence[Passage],
    texts: Sequence[str],
    embedder: Embedder,
    config: Config,
) -> None:
    """Everything but the vectors: words, documents, passages, names, and the manifest last."""
    Words.build(texts).save(new / "words")
    _dump(new / "sources.jsonl", (d.source.to_dict() for d in documents))
    _dump(new / "documents.jsonl", map(_document_row, documents))
    _dump(new / "passages.jsonl", map(_passage_row, passages))
    _dump(new / "embedded.jsonl", map(text_digest, texts))
    _dump(new / "names.jsonl", _names(passages))
    files = sorted((*new.glob("*.jsonl"), *(new / "words").iterdir()))
    digests = {document.id: manifests.document_digest(document) for document in documents}
    manifest = Manifest(
        format=FORMAT,
        version=__version__,
        corpus=manifests.corpus_digest(digests),
        documents=digests,
        model=embedder.name,
        model_digest=embedder.digest,
        settings=config.index_settings(),
        chroma_url=config.chroma_url,
        versions={name: version(name) for name in _LIBRARIES},
        passages=len(passages),
        files={path.relative_to(new).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    )
    (new / "manifest.json").write_text(manifest.to_json(), "utf-8")


def _document_row(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "text": document.text,
        "sections": [(s.heading, s.start, s.end) for s in document.sections],
        "pages": document.pages,
    }


def _passage_row(passage: Passage) -> dict[str, Any]:
    return {
        "document_id": passage.document_id,
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
        "sentences": passage.sentences,
        "heading": passage.heading,
        "page": passage.page,
    }


def _names(passages: Iterable[Passage]) -> list[tuple[str, list[str]]]:
    names: dict[str, set[str]] = {}
    for passage in passages:
        for fact in facts(passage.text):
            if fact.kind == "name":
                for word in _NAME.findall(passage.text[fact.start : fact.end]):
                    if word != word.lower() and len(key := name_key(word)) > 1:  # one consonant is shared by too many
                        names.setdefault(key, set()).add(word)
    return sorted((key, sorted(spellings)) for key, spellings in names.items())


def _dump(path: Path, rows: Iterable[Any]) -> None:
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def text_digest(text: str) -> str:
    """What `embedded.jsonl` holds for each passage, so that the next build knows what it need not embed."""
    return hashlib.sha256(text.encode()).hexdigest()
