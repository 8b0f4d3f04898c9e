"""How documents of every kind are read: cases with a right answer, and sentences that must stand whole.

    python benchmarks/documents.py CASES         a folder with cases.jsonl: file, question (or field), right
    python benchmarks/documents.py benchmarks/structures.jsonl   documents in the file itself: file, text, ask
    python benchmarks/documents.py --quotes DIR  a folder with questions.jsonl: corpus, doc, quote
    python benchmarks/documents.py --libraries CASES   the same cases: is `right` in the text that a library gives?
    python benchmarks/documents.py --families CASES benchmarks/structures.jsonl
                                                 what is lost without each family of the readers' rules

Each file of the cases is indexed alone; the models are loaded once. `right` is a regular expression, looked for in
every sentence of the answer (`answered`) and in every unit that could be quoted (`quotable`: what the readers of the
formats are answerable for, whichever sentence the reader model chooses). A table's row carries its header, so it is
also looked for in the cells alone. `(?!)` stands for "the sources do not say".
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from qa.corpus import read
from qa.passages import split

_CELL = re.compile(r"(?:(?<=: )|(?<=; ))[^=;]* = ")


def views(text: str) -> Iterator[str]:
    """A quotation as it stands, and a row as its cells alone."""
    yield text
    cells = _CELL.sub("", text)
    if cells != text:
        name, _, rest = cells.partition(": ")
        for between in (" | ", ", ", ",", " "):
            yield between.join([name, *rest.split("; ")])


def holds(right: str, texts: list[str]) -> bool:
    """Whether one of the texts is right; for `(?!)`, whether there is none."""
    if right == "(?!)":
        return not texts
    return any(re.search(right, view) for text in texts for view in views(text))


def cases(folder: Path, verbose: bool, only: str = "", without: Sequence[str] = ()) -> None:
    """Every case, by the kind of its file; only those of files that begin so, and without these rules."""
    from qa import Abstention, Assistant
    from qa.config import load_config
    from qa.index import Index
    from qa.retrieve import Retriever

    tally: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    first: Any = None
    short: list[str] = []  # quotations of fewer than four words
    with tempfile.TemporaryDirectory() as scratch:
        if folder.is_file():
            folder = _unpacked(folder, Path(scratch) / "cases")
        rows = [json.loads(line) for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in dict.fromkeys(row["file"] for row in rows if row["file"].startswith(only)):
            kind = name.partition("-")[0]
            mine = [row for row in rows if row["file"] == name]
            documents = read([folder / name]).documents
            units = [d.text[a:b] for d in documents for p in split(d) for a, b in p.sentences]
            assistant = None
            if documents and any("question" in row for row in mine):
                config = load_config(index_dir=Path(scratch) / name, without=list(without))
                if first is None:
                    assistant = first = Assistant.build(folder / name, config=config)
                else:
                    index = Index.build(documents, config.index_dir, config, first.retriever.embedder)
                    retriever = Retriever(index, first.retriever.embedder, first.retriever.reader, config)
                    assistant = Assistant(index, retriever, first.support, config)
            for row in mine:
                if "field" in row:
                    got = str(getattr(documents[0].source, row["field"])) if documents else ""
                    right = bool(documents) and bool(re.search(row["right"], got))
                    tally[kind][3] += right
                    tally[kind][4] += 1
                    shown = got
                else:
                    answer = assistant.ask(row["question"]) if assistant else None
                    refused = answer is None or isinstance(answer, Abstention)
                    quoted = [] if refused else [c.quote for s in answer.sentences for c in s.citations]
                    right = holds(row["right"], quoted) and assistant is not None
                    short += [quote for quote in quoted if len(quote.split()) < 4]
                    there = row["right"] == "(?!)" or holds(row["right"], units)
                    tally[kind][0] += right
                    tally[kind][1] += there
                    tally[kind][2] += 1
                    shown = f"{'' if there else 'NOT THERE '}{' // '.join(quoted)}"
                if verbose:
                    about = row.get("question") or row["field"]
                    print(f"{'ok  ' if right else 'FAIL'} {name}: {about} [{row['right']}] -> {shown[:300]!r}")
    print("\n| kind | answered | quotable | of | metadata right | of |\n| --- | --: | --: | --: | --: | --: |")
    total = [sum(counts) for counts in zip(*tally.values(), strict=True)]
    for kind, counts in (*sorted(tally.items()), ("all", total)):
        print(f"| {kind} | {' | '.join(map(str, counts))} |")
    print(f"\nquotations of fewer than four words: {len(short)}: {short}")


def _unpacked(packed: Path, folder: Path) -> Path:
    """The documents of one file as a folder of cases."""
    folder.mkdir()
    lines = []
    for line in packed.read_text(encoding="utf-8").splitlines():
        made = json.loads(line)
        (folder / made["file"]).write_text(made["text"], encoding="utf-8")
        lines += [json.dumps({"file": made["file"], "question": q, "right": right}) for q, right in made["ask"]]
    (folder / "cases.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def quotes(folder: Path, verbose: bool) -> None:
    """Whether each quotation of the questions stands in the text, within one passage, and as whole units of it."""
    wanted = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    tally: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for corpus in sorted({row["corpus"] for row in wanted}):
        texts = {d.id: d for d in read([folder / corpus]).documents}
        passages = {id_: split(d) for id_, d in texts.items()}
        for row in wanted:
            if row["corpus"] != corpus or not row.get("quote"):
                continue
            counts = tally[corpus]
            counts[3] += 1
            quote = folded(row["quote"])
            ids = [id_ for id_ in texts if any(Path(name).stem == id_ or name == id_ for name in row["doc"])]
            found = [id_ for id_ in ids if quote in folded(texts[id_].text)]
            inside = [p for id_ in ids for p in passages[id_] if quote in folded(p.text)]
            counts[0] += bool(found)
            counts[1] += bool(inside)
            counts[2] += any(quote in folded(p.slice(*s)) for p in inside for s in p.sentences)
            if verbose and not inside:
                print(f"{'split ' if found else 'ABSENT'} {row['id']} {row['doc']}: {row['quote'][:200]!r}")
    print("\n| corpus | in the text | in one passage | in one unit | of |\n| --- | --: | --: | --: | --: |")
    for corpus, counts in (*tally.items(), ("all", [sum(c) for c in zip(*tally.values(), strict=True)])):
        print(f"| {corpus} | {' | '.join(map(str, counts))} |")


_NOTHING: dict[str, Callable[..., Any]] = {
    "same": lambda first, *_, **__: first,
    "no": lambda *_, **__: False,
    "none": lambda *_, **__: "",
    "empty": lambda *_, **__: {},
    "few": lambda *_, **__: [],
}
_FAMILIES = {
    "cleaning": "_goes_on no, _without_captions same, _titled same, _without_furniture same, _with_headings same, "
    "_is_lone_number no, is_pasted no",
    "layout": "without_line_numbers same, _without_running_heads same, _without_contents same, _labelled same, "
    "_gutter none, _table none, _runs_on no, _figures none, _whole same, _mended same, _mid_sentence no, "
    "_breaks_off no",
    "inferred": "stated empty, headline none, _printed_title none, _labelled few, _byline none, _authors none, "
    "_date_line none, _publisher none",
    "declared": "properties empty, mail empty, _in_words none, placeholder no, _may_sign no",
    "passages": "_tells no, _is_question no, _quotes no, _is_fragment no, _is_front no, _rows few, _letterhead few, "
    "_record no, _is_few no, _goes_on no, _is_wrapped no",
}
"""Per module, what one family of rules hangs on, and what stands in its place."""


def families(folders: Sequence[Path], verbose: bool, only: str) -> None:
    """What each family of the readers' rules earns: what is lost without it, the models aside.

    Cases whose answer no longer stands in a unit that can be quoted, metadata that is no longer right (in the cases and
    in the documents of `benchmarks/metadata.py`), and documents whose text, sections or passages are others.
    """
    with tempfile.TemporaryDirectory() as scratch:
        whole = [_unpacked(f, Path(scratch) / f.stem) if f.is_file() else f for f in folders]
        told = {}
        for module, listed in {"": " ", **_FAMILIES}.items():
            if not module.startswith(only) and module:
                continue
            for name, instead in (pair.split(" ") for pair in listed.split(", ")):
                with ProcessPoolExecutor(1, mp_context=get_context("fork")) as process:
                    told[module, name] = process.submit(_without, module, name, instead, whole).result()
    all_, fields, texts = told.pop(("", ""))
    print("| without | units lost | gained | metadata worse | better | documents changed |\n| --- |" + " --: |" * 5)
    for (module, name), (found, known, changed) in told.items():
        more = [len(all_ - found), len(found - all_), len(fields - known), len(known - fields)]
        other = sum(texts[path] != changed.get(path) for path in texts)
        print(f"| `{module}.{name}` | {' | '.join(map(str, [*more, other]))} |")
        if verbose:
            print("  ", sorted(all_ - found)[:5], sorted(fields - known)[:5])
    print(f"\n{len(all_)} units, {len(fields)} values, {len(texts)} texts")


def _without(
    module: str, name: str, instead: str, folders: Sequence[Path]
) -> tuple[set[str], set[str], dict[str, int]]:
    """Cases whose answer can be quoted, metadata that is right, the documents' hashes: with one function replaced."""
    import importlib
    import sys

    from benchmarks import metadata as made

    from qa.corpus import metadata, reading

    metadata._language = lambda blocks: ""  # it takes most of the time, and is no rule
    if module:
        owner = importlib.import_module("qa.passages" if module == "passages" else f"qa.corpus.{module}")
        was, now = getattr(owner, name), _NOTHING[instead]
        if name in ("_table", "_figures"):
            now = lambda rows, at, page: (at, [])  # noqa: E731
        if name == "_gutter":
            now = lambda rows: None  # noqa: E731
        for other in [m for key, m in sys.modules.items() if key.startswith("qa.")]:
            if getattr(other, name, None) is was:
                setattr(other, name, now)
    found, known, texts = set(), set(), {}
    for folder in folders:
        rows = [json.loads(line) for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
        for file in dict.fromkeys(row["file"] for row in rows):
            try:
                document = reading.document((folder / file).read_bytes(), file)[0]
            except Exception:
                continue
            passages = split(document)
            texts[f"{folder.name}/{file}"] = hash((document.text, document.sections, passages))
            units = [document.text[a:b] for passage in passages for a, b in passage.sentences]
            for row in [row for row in rows if row["file"] == file]:
                if "field" in row and re.search(row["right"], str(getattr(document.source, row["field"]))):
                    known.add(f"{folder.name}/{file}: {row['field']}")
                elif "field" not in row and row["right"] != "(?!)" and holds(row["right"], units):
                    found.add(f"{folder.name}/{file}: {row['question']}")
    for n, layout in enumerate(made.LAYOUTS):
        for seed in range(10):
            one = layout(made.Cast(100 * n + seed))
            source = reading.document(one.text.encode(), one.name)[0].source
            known |= {
                f"{one.name} {seed}: {f}" for f in made.FIELDS if made.right(f, getattr(one, f), getattr(source, f))
            }
    return found, known, texts


def libraries(folder: Path, verbose: bool) -> None:
    """What the libraries one might choose make of the cases of each format; those that are not here are left out.

    A case counts where its answer stands in one line of the text, as `right` wants it. One library does not see a
    paragraph as the other does, so a line is what stands between line breaks. A folder without cases is read alone.
    Each library has a process of its own, which reads all files once before the clock starts: seconds of its CPU for
    the second time, MB at most.
    """
    cases = folder / "cases.jsonl"
    rows = [json.loads(line) for line in cases.read_text(encoding="utf-8").splitlines()] if cases.is_file() else []
    print("| format | library | files read | of | right | of | seconds | MB |\n| --- | --- |" + " --: |" * 6)
    for suffix, candidates in _libraries().items():
        mine = [row for row in rows if row["file"].endswith(suffix) and "question" in row and row["right"] != "(?!)"]
        names = (
            {row["file"] for row in mine} if rows else {path.name for path in folder.iterdir() if path.suffix == suffix}
        )
        paths = [folder / name for name in sorted(names)]
        for name in candidates if paths else ():
            with ProcessPoolExecutor(1, mp_context=get_context("fork")) as process:
                told = process.submit(_read_by, suffix, name, paths, mine, verbose).result()
            if told:
                read_well, right, seconds, memory = told
                row = (suffix, name, read_well, len(paths), right, len(mine), f"{seconds:.2f}", memory)
                print(f"| {' | '.join(map(str, row))} |")


def _read_by(
    suffix: str, name: str, paths: Sequence[Path], rows: Sequence[Mapping[str, str]], verbose: bool
) -> tuple[int, int, float, int] | None:
    """Files read, cases right, seconds, MB; None: the library is not here."""
    read_ = _libraries()[suffix][name]
    texts: dict[str, list[str]] = {}
    start = 0.0
    for _ in range(2):
        start = time.process_time()
        for path in paths:
            try:
                texts[path.name] = read_(path).splitlines()
            except ImportError:
                return None
            except Exception as error:
                if verbose:
                    print(f"{path.name}: {type(error).__name__}: {error}")
    seconds = time.process_time() - start
    right = sum(holds(row["right"], texts.get(row["file"], [])) for row in rows)
    return len(texts), right, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _libraries() -> dict[str, dict[str, Any]]:
    def ours(path: Path) -> str:
        from qa.corpus.reading import document

        return document(path.read_bytes(), path.name)[0].text

    def pypdf(path: Path) -> str:
        import pypdf

        return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)

    def pdfplumber(path: Path) -> str:
        import pdfplumber

        with pdfplumber.open(path) as pdf:
            return "\n".join(page.extract_text() or "" for page in pdf.pages)

    def pdfium(path: Path) -> str:
        import pypdfium2

        return "\n".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(path))

    def python_docx(path: Path) -> str:
        import docx

        parts = docx.Document(str(path)).iter_inner_content()
        return "\n".join(
            p.text if hasattr(p, "text") else "\n".join(" | ".join(c.text for c in r.cells) for r in p.rows)
            for p in parts
        )

    def mammoth(path: Path) -> str:
        import mammoth

        with path.open("rb") as file:
            return str(mammoth.extract_raw_text(file).value)

    def docx2python(path: Path) -> str:
        from docx2python import docx2python as read_

        with read_(path) as made:
            return str(made.text)

    def trafilatura(path: Path) -> str:
        import trafilatura

        return trafilatura.extract(path.read_bytes(), favor_recall=True, include_tables=True) or ""

    def readability(path: Path) -> str:
        import lxml.html
        from readability import Document

        return str(lxml.html.fromstring(Document(path.read_text(errors="replace")).summary()).text_content())

    def markitdown(path: Path) -> str:
        from markitdown import MarkItDown

        return str(MarkItDown().convert(str(path)).text_content)

    def kreuzberg(path: Path) -> str:
        from kreuzberg import extract_file_sync

        return str(extract_file_sync(str(path)).content)

    many = {"markitdown": markitdown, "kreuzberg": kreuzberg}
    return {
        ".docx": {"python-docx": python_docx, "mammoth": mammoth, "docx2python": docx2python, **many, "qa": ours},
        ".pdf": {"pypdf": pypdf, "pdfplumber": pdfplumber, "pypdfium2": pdfium, **many, "qa (over pypdfium2)": ours},
        ".html": {"trafilatura": trafilatura, "readability-lxml": readability, **many, "qa (over lxml)": ours},
    }


def folded(text: str) -> str:
    """White space, quotation marks, dashes, marks of emphasis and case folded."""
    text = re.sub(r"[*_`]|\[\d+\]", "", text).translate(str.maketrans("“”‘’–—", "\"\"''--"))
    return " ".join(text.casefold().split())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--quotes", action="store_true", help="check the quotations of questions.jsonl instead")
    parser.add_argument("--libraries", action="store_true", help="compare libraries instead")
    parser.add_argument("--families", action="store_true", help="switch off each family of the readers' rules")
    parser.add_argument("--only", default="", help="only the cases of files whose names begin so")
    parser.add_argument("--without", nargs="*", default=[], help="rules left out, as `places` or `tables`")
    parser.add_argument("-v", "--verbose", action="store_true")
    given = parser.parse_args()
    if given.families:
        families(given.folder, given.verbose, given.only)
    for folder in [] if given.families else given.folder:
        if given.quotes or given.libraries:
            (quotes if given.quotes else libraries)(folder, given.verbose)
        else:
            cases(folder, given.verbose, given.only, given.without)


if __name__ == "__main__":
    main()
