"""The house: modules import only from above, and the walls hold."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT

PACKAGE = ROOT / "src" / "qa"

ORDER = (
    "errors schema config language corpus passages models index dialogue query read retrieve markers support answer "
    "decide checking engine assistant doctor mutate terminal evaluate pytest_plugin page cli"
).split()
"""Reading order, which is the data's order, which is the order of imports."""

WALLS = {
    "chromadb": {"index"},
    "gradio": {"page"},
    "llama_index": {"index", "models", "answer", "assistant", "engine"},
    "torch": {"models"},
    "ray": {"models"},
    "sentence_transformers": {"models"},
    "typer": {"cli", "evaluate"},
    "rich": {"cli", "evaluate", "terminal"},
}
"""Who may know a library. `page` alone knows gradio."""

PARTS = {"corpus", "passages", "models", "index", "read", "retrieve"}
"""What `answer`, `support` and `dialogue` never see: they can be tested with hand-written passages."""


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path


def imports(path: Path) -> Iterator[str]:
    """Dotted names a file imports, those for type checkers only left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path.name} imports relatively"
            if node.module == "qa":
                yield from (f"qa.{alias.name}" for alias in node.names)
            else:
                yield node.module


def test_every_module_has_its_place() -> None:
    """A new module is put into the order on purpose."""
    names = {name for name, _ in modules()} - {"__init__", "__main__"}
    assert names <= set(ORDER)


def test_the_readme_shows_the_house_in_this_order() -> None:
    """CONTRIBUTING sends there whoever wants to know what may import what."""
    house = (ROOT / "README.md").read_text(encoding="utf-8").split("| Module | Does |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", house, re.MULTILINE) == ORDER


@pytest.mark.parametrize(("name", "path"), [pytest.param(n, p, id=str(p.name)) for n, p in modules()])
def test_a_module_imports_only_from_above(name: str, path: Path) -> None:
    """No cycle, no import hidden to dodge one."""
    if name in ("__init__", "__main__"):
        return
    above = set(ORDER[: ORDER.index(name) + 1])
    for imported in imports(path):
        part = imported.split(".")
        if part[0] == "qa" and len(part) > 1 and part[1] in ORDER:
            assert part[1] in above, f"{path.name} imports {imported}, which is below it"
            if name in ("answer", "support", "dialogue", "markers"):
                assert part[1] not in PARTS, f"{path.name} must not know {imported}"


@pytest.mark.parametrize("library", WALLS)
def test_a_library_stays_behind_its_wall(library: str) -> None:
    """Each third party is known to few modules."""
    knows = {name for name, path in modules() if any(i.split(".")[0] == library for i in imports(path))}
    assert knows <= WALLS[library]


def test_no_class_name_is_used_twice() -> None:
    """A name read in one module means nothing else in another."""
    named = Counter(
        node.name
        for _, path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, n in named.items() if n > 1] == []


def test_the_page_imports_only_names_from_the_front_door() -> None:
    """It is a window on `qa`."""
    for path in PACKAGE.glob("page/**/*.py"):
        known = {i for i in imports(path) if i.split(".")[0] == "qa" and not i.startswith("qa.page")}
        assert known <= {"qa", *_front_door()}


def _front_door() -> set[str]:
    import qa

    return {f"qa.{name}" for name in qa.__all__}


@pytest.mark.parametrize(
    ("command", "heavy"),
    [
        ("import qa", ("torch", "sentence_transformers", "gradio", "chromadb", "llama_index", "onnxruntime")),
        ("import qa.cli", ("torch", "sentence_transformers", "gradio", "fastapi", "chromadb", "llama_index", "numpy")),
        ("import qa.assistant", ("torch", "sentence_transformers", "gradio", "transformers", "sklearn", "llama_index")),
    ],
)
def test_importing_does_not_pay_for_what_is_not_used(command: str, heavy: tuple[str, ...]) -> None:
    """Heavy libraries come when their work does."""
    program = f"import sys; {command}; print(*(m for m in {heavy!r} if m in sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
