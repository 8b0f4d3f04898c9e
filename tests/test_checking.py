"""`qa check` as a tool of its own: rows of other frameworks, reports, bounds, documents that cite files beside them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as XML

import pytest
import yaml
from typer.testing import CliRunner, Result

import qa
from conftest import ROOT
from qa.checking import beside, forms, samples, support
from qa.cli import app
from qa.config import load_config
from qa.index import Index
from qa.schema import ConfigError, CorpusError
from qa.support import Beside, Evidence, denies

MINUTES = "The council approved the bridge on 3 March 2021 by 12 votes to 7. The bridge will cost 48 million euros."
TRUE, FALSE = "The council approved the bridge by 12 votes to 7", "The council approved the bridge by 16 votes to 7"
ROWS = {
    "ragas": {"user_input": "q", "response": TRUE, "retrieved_contexts": [MINUTES], "reference": FALSE},
    "ragas before 0.2": {"question": "q", "answer": TRUE, "contexts": [MINUTES], "ground_truth": FALSE},
    "deepeval": {"input": "q", "actual_output": TRUE, "retrieval_context": [MINUTES], "context": ["Nothing."]},
    "deepeval, json": {"input": "q", "actualOutput": TRUE, "retrievalContext": [MINUTES], "expectedOutput": FALSE},
    "deepeval, with sources": {
        "input": "q",
        "actual_output": TRUE,
        "retrieval_context": [{"context": MINUTES, "source": "minutes.md"}],
    },
    "trulens": {"input": "q", "output": TRUE, "contexts": json.dumps([MINUTES])},
    "trulens, spans": {
        "record_attributes": {
            "ai.observability.record_root.output": TRUE,
            "ai.observability.retrieval.retrieved_contexts": [MINUTES],
        }
    },
    "langsmith": {
        "inputs": {"question": "q"},
        "outputs": {"answer": TRUE, "documents": [{"page_content": MINUTES, "metadata": {"source": "m.txt"}}]},
        "reference_outputs": {"answer": FALSE},
    },
    "langsmith, a run with its retriever": {
        "run_type": "chain",
        "inputs": {"question": "q", "output": FALSE},
        "outputs": {"output": {"content": TRUE, "type": "ai"}},
        "reference_outputs": {"answer": FALSE, "contexts": ["Nothing."]},
        "child_runs": [
            {
                "run_type": "chain",
                "child_runs": [
                    {
                        "run_type": "retriever",
                        "outputs": {"documents": [{"page_content": MINUTES, "type": "Document"}]},
                    },
                    {"run_type": "llm", "outputs": {"documents": [{"page_content": "Nothing."}]}},
                ],
            },
        ],
    },
    "langchain, serialised": {"outputs": {"output": TRUE, "context": [{"kwargs": {"page_content": MINUTES}}]}},
    "langsmith, a row of its table": {
        "inputs.question": "q",
        "outputs.answer": TRUE,
        "outputs.documents": [{"page_content": MINUTES, "type": "Document", "metadata": {}}],
        "reference.answer": FALSE,
        "feedback.correct": 1,
    },
    "langsmith, a run beside its example": {
        "run": {"outputs": {"output": TRUE, "documents": [MINUTES]}},
        "example": {"outputs": {"output": FALSE, "documents": ["Nothing."]}},
    },
    "langgraph, messages": {
        "outputs": {
            "messages": [
                {"type": "human", "content": FALSE},
                {"type": "ai", "content": "Let me look."},
                {"type": "tool", "content": FALSE},
                {"type": "ai", "content": [{"type": "text", "text": TRUE}, {"type": "tool_use", "id": "t"}]},
            ],
            "context": [[MINUTES]],
        }
    },
    "deepeval, a test run": {
        "testRunData": {"testCases": [{"input": "q", "actualOutput": TRUE, "retrievalContext": [MINUTES]}]}
    },
    "plain, contexts by name": {"answer": TRUE, "contexts": {"minutes": MINUTES}},
    "plain": {"answer": TRUE, "contexts": [{"id": "m", "text": MINUTES}]},
    "plain, one context": {"answer": TRUE, "context": MINUTES},
}


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["check", *arguments], input=stdin, env={"COLUMNS": "1000", "NO_COLOR": "1"})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two documents that cite one beside them: what one says stands there, what the other says does not."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "minutes.md").write_text(MINUTES + "\n")
    good = (
        "# The bridge\n\nOn 3 March 2021 the council\napproved the bridge by 12 votes to 7 [minutes].\n\n"
        "It will cost [48 million euros](sources/minutes.md). It will cost 48 million euros.[^1]\n\n"
        "Nobody has to cite an opinion.\n\n[^1]: minutes.md, first paragraph\n"
    )
    (tmp_path / "good.md").write_text(good)
    (tmp_path / "bad.md").write_text(good.replace("12 votes", "16 votes").replace("[minutes]", "[minutes.md]"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


# rows ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_every_framework_are_read(name: str) -> None:
    """The answer that was given, never the one expected; what was retrieved, never what should have been."""
    (sample,) = samples.read([json.dumps(ROWS[name])])
    assert isinstance(sample, samples.Sample), sample
    assert (sample.answer, list(sample.contexts.values())) == (TRUE, [MINUTES])


def test_spans_of_a_record_are_put_together() -> None:
    """TruLens writes a span a row: retrievals before or after the answer, records mixed."""
    scope = "ai.observability"
    spans = [
        {f"{scope}.record_id": "a", f"{scope}.retrieval.retrieved_contexts": ["Ferries are cheaper."]},
        {f"{scope}.record_id": "b", f"{scope}.record_root.output": FALSE},
        {f"{scope}.record_id": "a", f"{scope}.record_root.output": TRUE, f"{scope}.record_root.input": "q"},
        {f"{scope}.record_id": "a", f"{scope}.retrieval.retrieved_contexts": [MINUTES]},
    ]
    first, second = samples.read(json.dumps({"record_attributes": json.dumps(span)}) for span in spans)
    assert isinstance(first, samples.Sample)
    assert (first.answer, list(first.contexts.values())) == (TRUE, ["Ferries are cheaper.", MINUTES])
    assert isinstance(second, samples.Broken)
    assert "no contexts" in second.reason


def test_what_was_expected_is_never_the_answer() -> None:
    """A run that failed has none."""
    row = {"inputs": {"output": FALSE}, "outputs": None, "reference_outputs": {"answer": TRUE}, "contexts": [MINUTES]}
    (broken,) = samples.read([json.dumps(row)])
    assert isinstance(broken, samples.Broken)


def test_a_list_is_read_as_rows_are() -> None:
    """DeepEval saves one JSON list."""
    text = json.dumps(list(ROWS.values()), indent=2)
    assert [s.answer for s in samples.read(text.splitlines(keepends=True)) if isinstance(s, samples.Sample)] == [
        TRUE
    ] * len(ROWS)


def test_an_object_over_several_lines_is_read_as_its_rows_are() -> None:
    """DeepEval keeps a test run so."""
    text = json.dumps(ROWS["deepeval, a test run"], indent=2)
    (sample,) = samples.read(text.splitlines(keepends=True))
    assert isinstance(sample, samples.Sample), sample


def test_a_broken_row_costs_itself_and_is_counted(tmp_path: Path) -> None:
    """It is said which one, and why; the share of them can be bounded."""
    rows = [
        '{"answer"',
        "[1]",
        '{"answer": "A."}',
        '{"contexts": ["A."]}',
        json.dumps(ROWS["plain"]),
        "\\ud800",
        "[" * 9999,
    ]
    (tmp_path / "rows.jsonl").write_bytes(("\ufeff\n" + "\n\n".join(rows)).encode() + b'\n{"answer": "caf\xe9"}')
    result = run("--samples", str(tmp_path / "rows.jsonl"))
    assert result.exit_code == 0, result.output
    assert "1 sentence: 1 supported" in result.output
    assert "7 broken" in result.output
    assert "row 15 is not text in UTF-8" in result.output
    assert "row 6 has no contexts" in result.output
    assert run("--samples", str(tmp_path / "rows.jsonl"), "--fail-under", "broken=0.5").exit_code == 1


def test_an_answer_for_which_nothing_was_retrieved_does_not_pass(tmp_path: Path) -> None:
    """It is no broken row: nothing was there to hold it against."""
    (tmp_path / "rows.jsonl").write_text(json.dumps({"response": TRUE, "retrieved_contexts": []}))
    result = run("--samples", str(tmp_path / "rows.jsonl"))
    assert result.exit_code == 1, result.output
    assert "1 sentence: 1 unchecked" in result.output


def test_a_finding_in_a_row_stands_at_its_line(tmp_path: Path) -> None:
    """Of the file itself, whose name is written as an address: a forge shows it there."""
    (tmp_path / "my rows.jsonl").write_text("\n\n" + json.dumps({"answer": FALSE, "contexts": [MINUTES]}))
    assert run("--samples", str(tmp_path / "my rows.jsonl"), "--report", str(tmp_path / "r.sarif")).exit_code == 1
    (finding,) = json.loads((tmp_path / "r.sarif").read_text())["runs"][0]["results"]
    place = finding["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("my%20rows.jsonl")
    assert place["region"]["startLine"] == 3


def test_rows_are_read_one_at_a_time() -> None:
    """The first is there before the second is written."""
    seen = []

    def lines() -> object:
        for name in ("plain", "ragas"):
            seen.append(name)
            yield json.dumps(ROWS[name]) + "\n"

    next(iter(samples.read(lines())))  # type: ignore[arg-type]
    assert seen == ["plain"]


def test_numbers_count_the_contexts(tmp_path: Path) -> None:
    """[2] is the second one; [3] is not there."""
    row = {"answer": f"{TRUE} [2]. {TRUE} [3].", "contexts": ["Ferries are cheaper.", MINUTES]}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    result = run("--samples", str(tmp_path / "rows.jsonl"), "--json")
    first, second = json.loads(result.stdout)["sentences"]
    assert (first["status"], first["passage"]) == ("supported", "context 2")
    assert second["invented"] == [3]
    assert result.exit_code == 1


def test_a_sentence_without_end_is_shown_by_its_beginning(tmp_path: Path) -> None:
    """A terminal is not flooded; what was left out is said."""
    (tmp_path / "rows.jsonl").write_text(json.dumps({"answer": "word " * 10_000, "contexts": [MINUTES]}))
    result = run("--samples", str(tmp_path / "rows.jsonl"))
    assert len(result.output) < 3000
    assert "characters]" in result.output


# bounds and reports -----------------------------------------------------------------------------------------


def test_bounds_decide_whether_it_passes(tmp_path: Path) -> None:
    """Of what is good at least so much, of what is bad at most."""
    rows = [{"answer": text, "contexts": [MINUTES]} for text in (TRUE, TRUE, TRUE, FALSE)]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    assert run("--samples", str(file)).exit_code == 1
    assert run("--samples", str(file), "--fail-under", "supported=0.7").exit_code == 0
    red = run("--samples", str(file), "--fail-under", "supported=0.7,contradicted=0")
    assert red.exit_code == 1
    assert "contradicted is 0.250, at most 0 is asked for" in red.output


@pytest.mark.parametrize("bound", ["supported", "supported=x", "true=1", "supported=90"])
def test_a_bound_that_makes_no_sense_is_refused(bound: str) -> None:
    """In one line, with what is possible."""
    with pytest.raises(ConfigError, match=r"supported=0\.9|a share from 0 to 1"):
        forms.floors([bound])


def test_every_report_shows_what_does_not_pass_at_its_line(folder: Path) -> None:
    """For a program, a forge, a summary, a reader."""
    names = ["r.json", "r.xml", "r.sarif", "r.md", "r.html"]
    result = run("--beside", "good.md", "bad.md", *(a for n in names for a in ("--report", n)))
    assert result.exit_code == 1, result.output
    whole = json.loads((folder / "r.json").read_text())
    assert (whole["ok"], len(whole["sentences"])) == (False, 6)
    suites = XML.parse(folder / "r.xml").getroot()
    assert [(s.get("name"), s.get("failures")) for s in suites] == [("good.md", "0"), ("bad.md", "1")]
    (failed,) = json.loads((folder / "r.sarif").read_text())["runs"][0]["results"]
    place = failed["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("bad.md", 3)
    assert "12 votes to 7" in failed["message"]["text"]
    assert "bad.md:3" in (folder / "r.md").read_text()
    assert (
        "<mark>The council approved the bridge on 3 March 2021 by 12 votes to 7.</mark>"
        in (folder / "r.html").read_text()
    )


def test_a_report_runs_nothing_that_a_document_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Markup in answers and contexts is text in each form."""
    monkeypatch.chdir(tmp_path)
    bad = "<script>alert(1)</script> </mark>&amp; | ![x](http://evil) \x1b[2J"
    row = {"answer": f"The council {bad} met.", "contexts": [f"The council {bad} never met."]}
    Path("rows.jsonl").write_text(json.dumps(row))
    run("--samples", "rows.jsonl", "--report", "r.html", "--report", "r.md", "--report", "r.xml")
    assert "<script>" not in Path("r.html").read_text()
    assert "<script>" not in Path("r.md").read_text()
    assert "![x](" not in Path("r.md").read_text()
    XML.parse("r.xml")


# documents that cite files beside them ----------------------------------------------------------------------


def test_documents_are_held_against_the_files_they_cite(folder: Path) -> None:
    """Broken lines, brackets, links, footnotes; what cites nothing is passed over."""
    assert run("--beside", "good.md").exit_code == 0
    red = run("--beside", "bad.md")
    assert red.exit_code == 1
    assert "contradicted On 3 March 2021 the council approved the bridge by 16 votes to 7." in red.output
    assert "Nobody" not in red.output


def test_a_file_that_is_not_there_is_told(folder: Path) -> None:
    """It is no reason to pass."""
    (folder / "gone.md").write_text("It rained [weather.pdf, p. 3].\n")
    result = run("--beside", "gone.md")
    assert result.exit_code == 1
    assert "there is no source weather.pdf" in result.output


def test_files_of_one_name_are_told_apart(folder: Path) -> None:
    """By their endings, by their folders; a name that two share names neither."""
    (folder / "sources" / "minutes.txt").write_text(MINUTES.replace("12 votes", "16 votes"))
    (folder / "old").mkdir()
    (folder / "old" / "minutes.md").write_text(MINUTES.replace("12 votes", "9 votes"))
    (folder / "copy.md").write_text(MINUTES)
    cites = ("sources/minutes.md", "minutes.txt", "old/minutes.md", "copy.md", "minutes.md")
    text = "\n\n".join(f"The council approved the bridge by {n} votes to 7 [{c}]." for n in (12, 16, 9) for c in cites)
    found = beside(folder / "it.md", text)
    assert found is not None
    report = qa.support.check(text, found[0], support(), numbers="sources")
    right = {12: ("sources/minutes.md", "copy.md"), 16: ("minutes.txt",), 9: ("old/minutes.md",)}
    for sentence, (votes, cited) in zip(report.sentences, ((n, c) for n in (12, 16, 9) for c in cites), strict=True):
        if cited == "minutes.md":
            assert sentence.unknown
        else:
            assert sentence.borne_out == (cited in right[votes]), (votes, cited)


def test_a_file_above_is_read_where_its_path_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As far up as the folder in which the program runs, and no farther; paths of Windows too."""
    (folder / "notes").mkdir()
    text = f"{TRUE} ([minutes](../sources/minutes.md)). {FALSE} [..\\sources\\minutes.md]. {TRUE} [minutes.md]."
    (folder / "notes" / "it.md").write_text(text)
    found = beside(Path("notes/it.md"), text)
    assert found is not None
    assert [s.owner for s in found[0].passages] == ["../sources/minutes.md"]
    report = qa.support.check(text, found[0], support(), numbers="sources")
    assert [s.borne_out for s in report.sentences] == [True, False, True]
    monkeypatch.chdir(folder / "notes")
    outside = beside(Path("it.md"), text)
    assert outside is not None
    assert not outside[0].passages


def test_a_row_of_a_table_is_a_sentence(folder: Path) -> None:
    """What any of its cells cites, the whole row does; the bars are no words of it."""
    text = "| What | Votes |\n| --- | --- |\n| The council approved the bridge | by 12 votes to 7 [minutes.md] |\n"
    found = beside(folder / "it.md", text)
    assert found is not None
    (sentence,) = qa.support.check(text, found[0], support(), numbers="sources").sentences
    assert (sentence.text, sentence.borne_out) == ("The council approved the bridge; by 12 votes to 7", True)


def test_a_document_without_citations_passes_and_is_named(folder: Path) -> None:
    """Nothing was checked, and that is said."""
    (folder / "plain.md").write_text("It rained.\n")
    result = run("--beside", "plain.md")
    assert result.exit_code == 0
    assert "no document beside it is cited by plain.md" in result.output


def test_sources_that_cannot_be_read_are_named(folder: Path) -> None:
    """The others are used; where there are none, each is told."""
    for name in ("bad.pdf", "worse.pdf"):
        (folder / name).write_text("no pdf")
    result = run("good.md", "--only-cited", "--sources", "bad.pdf", "--sources", "sources/minutes.md")
    assert result.exit_code == 0, result.output
    assert "skipped bad.pdf" in result.output
    (folder / "sources" / "logo.png").write_bytes(b"\x89PNG")
    (folder / "sources" / "copy.txt").write_text(MINUTES)
    result = run("good.md", "--only-cited", "--sources", "sources")
    assert "left out, for they are no documents: 1 .png" in result.output
    assert "kept once" in result.output
    result = run("good.md", "--sources", "bad.pdf", "worse.pdf")
    assert result.exit_code == 2
    assert " ".join(result.output.split()).count("it is called pdf but is none") == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("bad.md", "--only-cited", "--sources", "sources/minutes.md", "good.md", "--json"),  # as a shell writes *.md
        ("--sources", "sources/minutes.md", "--only-cited", "bad.md", "--json"),
        ("--sources=sources/minutes.md", "bad.md", "--only-cited", "--json"),
        ("--json", "--only-cited", "bad.md", "--report", "r.md", "--sources", "sources/minutes.md", "--", "bad.md"),
    ],
)
def test_what_stands_behind_sources_is_never_checked_by_mistake(folder: Path, arguments: tuple[str, ...]) -> None:
    """Behind a text all names up to the next option are sources; before one, the first alone."""
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    assert {s["place"] for s in json.loads(result.stdout)["sentences"]} == {"bad.md"}


def test_texts_are_named_where_several_are_checked(folder: Path) -> None:
    """Who took one for a source sees it at once."""
    result = run("--sources", "sources/minutes.md", "good.md", "bad.md")
    assert "note: good.md, bad.md are checked, against sources/minutes.md" in result.output


def test_a_text_is_no_source_of_itself(folder: Path) -> None:
    """It may lie in the folder of its sources."""
    (folder / "sources" / "bad.md").write_text((folder / "bad.md").read_text())
    assert run("sources/bad.md", "--only-cited", "--sources", "sources").exit_code == 1
    assert run("bad.md", "--sources", "bad.md").exit_code == 2


def test_a_report_overwrites_nothing_that_is_checked(folder: Path) -> None:
    """And a place where none can be written is told before anything is checked."""
    before = (folder / "bad.md").read_text()
    assert run("bad.md", "--sources", "sources", "--report", "sources/../bad.md").exit_code == 2
    assert (folder / "bad.md").read_text() == before
    (folder / "a file").write_text("")
    result = run("bad.md", "--sources", "sources", "--report", "a file/r.md")
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_hook_runs_what_it_says(folder: Path) -> None:
    """As pre-commit would: the entry, then the files."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, *arguments = hook["entry"].split()
    assert program == "qa"
    pinned = (ROOT / "constraints.txt").read_text().splitlines()
    assert set(hook["additional_dependencies"]) <= set(pinned), "the hook installs what is locked"
    assert arguments.pop(0) == "check"
    assert [run(*arguments, file).exit_code for file in ("good.md", "bad.md")] == [0, 1]


def test_the_action_runs_what_it_says(folder: Path) -> None:
    """Its script, with its default arguments: status, findings, summary."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    install, check = action["runs"]["steps"]
    assert "pip install" in install["run"]
    inputs = {name: about.get("default", "") for name, about in action["inputs"].items()} | {"files": "good.md bad.md"}
    own = {key: inputs[value.split("inputs.")[1].split(" ")[0]] for key, value in check["env"].items()}
    (folder / "qa-check" / "bin").mkdir(parents=True)
    (folder / "qa-check" / "bin" / "activate").write_text(f'PATH="{Path(sys.executable).parent}:$PATH"\n')
    env = os.environ | own | {"RUNNER_TEMP": str(folder), "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    ran = subprocess.run(["bash", "-e", "-c", check["run"]], env=env, capture_output=True, text=True, timeout=200)
    assert ran.returncode == 1, ran.stderr
    assert len(json.loads((folder / "qa-check.sarif").read_text())["runs"][0]["results"]) == 1
    assert "bad.md:3" in (folder / "summary.md").read_text()


# from code --------------------------------------------------------------------------------------------------


def test_sources_may_be_texts_documents_or_paths(folder: Path) -> None:
    """In any mixture."""
    document = qa.Document(qa.Source(id="m", title="Minutes"), MINUTES)
    for sources in (
        MINUTES,
        [MINUTES],
        {"m": MINUTES},
        document,
        ["sources/minutes.md"],
        folder / "sources",
        "sources",
    ):
        assert [s.status for s in qa.check(f"{TRUE}.", sources).sentences] == ["supported"], sources
    with pytest.raises(CorpusError):
        qa.check(TRUE, [Path("nowhere.md")])


def test_an_index_is_a_source_open_or_by_its_folder(tmp_path: Path) -> None:
    """What `qa index` wrote is searched, not read as documents."""
    config = load_config()
    Index.build([qa.Document(qa.Source(id="minutes", title="Minutes"), MINUTES)], tmp_path / "index", config).close()
    assert qa.check(f"{TRUE} [minutes].", tmp_path / "index").sentences[0].status == "supported"
    with Index.open(tmp_path / "index", config) as index:
        assert qa.check(f"{FALSE} [minutes].", index).sentences[0].status == "contradicted"


def test_an_assertion_tells_what_is_wrong_and_what_stands_there() -> None:
    """A person can act on it."""
    assert qa.assert_borne_out(f"{TRUE}.", [MINUTES]).sentences
    with pytest.raises(AssertionError) as raised:
        qa.assert_borne_out(f"{TRUE}. {FALSE}.", {"minutes": MINUTES})
    told = str(raised.value)
    assert "1 of 2 sentences is not borne out" in told
    assert f"contradicted: {FALSE}." in told
    assert "12 votes to 7" in told.split(FALSE)[1]
    with pytest.raises(AssertionError, match=r"unchecked|unsupported|partly"):
        qa.assert_borne_out("Whales are singing tonight.", [MINUTES])


def test_another_source_that_denies_what_is_borne_out_is_shown() -> None:
    """The sentence stays supported; the words that deny it stand beside it."""
    sources = {"minutes": MINUTES, "paper": "The bridge will cost 52 million euros. Ferries are cheaper."}
    (sentence,) = qa.check("The bridge will cost 48 million euros [minutes].", sources).sentences
    assert sentence.status in ("supported", "likely")
    assert sentence.against
    assert (sentence.against.evidence.owner, sentence.against.quote) == (
        "paper",
        "The bridge will cost 52 million euros.",
    )
    denial = {"minutes": MINUTES, "paper": "The council did not approve the bridge. Ferries are cheaper."}
    (sentence,) = qa.check(
        "The council approved the bridge on 3 March 2021 by 12 votes to 7 [minutes].", denial
    ).sentences
    assert sentence.against, "a denial need not go into the details of what it denies"
    assert sentence.against.quote == "The council did not approve the bridge."
    (alone,) = qa.check("The council approved the bridge by 12 votes to 7 [minutes].", sources).sentences
    assert alone.against is None


@pytest.mark.parametrize(
    ("claim", "other", "denied"),
    [
        ("Two mines were closed in 2022.", "No mine was closed in 2018.", False),
        ("The clinic had 56 beds in 2022.", "The clinic had 41 beds in 2018.", False),
        ("The clinic had 56 beds in 2022.", "The clinic had 41 beds in 2022.", True),
        ("The clinic has 56 beds.", "The clinic has 41 beds.", True),
        ("Ida Holm was born on 21 August 1968.", "Ida Holm was born on 27 August 1968.", True),
        ("The dam will cost 1.5 billion crowns.", "The study says that the dam will cost 3 billion crowns.", True),
        ("The dam will cost 1.5 billion crowns.", "A study puts the cost of the dam at 1.5 billion crowns.", False),
    ],
)
def test_what_was_on_another_day_denies_nothing(claim: str, other: str, denied: bool) -> None:
    """Another figure, or another day, of the same thing does; where both differ, both may be true."""
    ask = support().probabilities
    assert ask is not None
    (found,) = denies(ask, [Beside(claim, claim, [Evidence("other", other)])])
    assert bool(found) == denied


def test_of_another_source_that_denies_it_is_told_when_it_was_and_whether_later() -> None:
    """A figure that was given anew is no error of the first source."""
    then, now = (
        qa.Document(qa.Source(id=f"report-{year}", title="", published=f"{year}-02-10"), f"The clinic has {n} beds.")
        for year, n in ((2019, 41), (2023, 56))
    )
    for cited, other, told in ((then, now, "(2023-02-10), later, says"), (now, then, "(2019-02-10) says otherwise")):
        (sentence,) = qa.check(f"{cited.text[:-1]} [{cited.source.id}].", [cited, other]).sentences
        assert told in sentence.notes[-1]


def test_a_page_that_is_named_is_where_it_is_looked_for() -> None:
    """A sentence that stands on another page of its source is found there, and that is said."""
    text = "It rained all day on Monday.\n\nThe mayor opened the bridge on Tuesday."
    pages = (0, text.index("The mayor"))
    filler = "\n\n".join(f"Nothing of note was said about the harbour in part {n}." for n in range(40))
    document = qa.Document(qa.Source(id="report", title="Report"), text + "\n\n" + filler, pages=(*pages, len(text)))
    (right,) = qa.check("The mayor opened the bridge on Tuesday [report.pdf, p. 2].", document).sentences
    assert right.status == "supported"


def test_the_fixture_fails_as_the_assertion_does(tmp_path: Path) -> None:
    """In a project that only has `qa` installed."""
    (tmp_path / "test_it.py").write_text(
        f"def test_true(borne_out):\n    borne_out({TRUE + '.'!r}, [{MINUTES!r}])\n"
        f"def test_false(borne_out):\n    borne_out({FALSE + '.'!r}, [{MINUTES!r}])\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "qa.pytest_plugin", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=200, cwd=tmp_path)
    assert "1 failed, 1 passed" in ran.stdout, ran.stdout + ran.stderr
    assert "1 of 1 sentences is not borne out" in ran.stdout
