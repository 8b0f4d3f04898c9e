"""Answers questions over a corpus of documents, and can vouch for every sentence it says.

>>> from qa import Assistant
>>> print(Assistant.open().ask("When did they meet?"))
"""

from typing import TYPE_CHECKING, Any

from qa.config import Config, load_config
from qa.schema import (
    LONGEST_QUESTION,
    Abstention,
    Answer,
    Citation,
    Document,
    Filters,
    Hit,
    Passage,
    Progress,
    QAError,
    Reason,
    Sentence,
    Source,
    Turn,
    Verdict,
)

if TYPE_CHECKING:
    from qa.assistant import Assistant, Chat
    from qa.checking import assert_borne_out, check

__version__ = "0.1.0"

__all__ = [
    "LONGEST_QUESTION",
    "Abstention",
    "Answer",
    "Assistant",
    "Chat",
    "Citation",
    "Config",
    "Document",
    "Filters",
    "Hit",
    "Passage",
    "Progress",
    "QAError",
    "Reason",
    "Sentence",
    "Source",
    "Turn",
    "Verdict",
    "__version__",
    "assert_borne_out",
    "check",
    "load_config",
]

_LATE = {"Assistant": "qa.assistant", "Chat": "qa.assistant", "assert_borne_out": "qa.checking", "check": "qa.checking"}


def __getattr__(name: str) -> Any:
    # the assistant brings llama-index and Chroma, a second of imports that `import qa` need not pay
    if name in _LATE:
        from importlib import import_module

        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module 'qa' has no attribute {name!r}")
