"""Answers questions over a corpus of documents, and can vouch for every sentence it says.

>>> from qa import Assistant
>>> print(Assistant.open().ask("When did they meet?"))
"""

from typing import TYPE_CHECKING

from qa.config import Config, load_config
from qa.errors import (
    ConfigError,
    CorpusError,
    IndexBusyError,
    IndexMissingError,
    IndexStaleError,
    IndexWriteError,
    LanguageModelError,
    ModelError,
    QAError,
    QuestionError,
)
from qa.schema import (
    LONGEST_QUESTION,
    Abstention,
    Answer,
    Candidate,
    Citation,
    Document,
    Filters,
    Hit,
    Passage,
    Point,
    Progress,
    Provenance,
    Reason,
    Sentence,
    Source,
    Turn,
    Verdict,
)

if TYPE_CHECKING:
    from qa.answer.overview import Overview
    from qa.assistant import Assistant, Chat
    from qa.checking import assert_borne_out, check
    from qa.query import Query, Understand
    from qa.read import SentenceReader
    from qa.support import Judgement, Report

__version__ = "0.1.0"

__all__ = [
    "LONGEST_QUESTION",
    "Abstention",
    "Answer",
    "Assistant",
    "Candidate",
    "Chat",
    "Citation",
    "Config",
    "ConfigError",
    "CorpusError",
    "Document",
    "Filters",
    "Hit",
    "IndexBusyError",
    "IndexMissingError",
    "IndexStaleError",
    "IndexWriteError",
    "Judgement",
    "LanguageModelError",
    "ModelError",
    "Overview",
    "Passage",
    "Point",
    "Progress",
    "Provenance",
    "QAError",
    "Query",
    "QuestionError",
    "Reason",
    "Report",
    "Sentence",
    "SentenceReader",
    "Source",
    "Turn",
    "Understand",
    "Verdict",
    "__version__",
    "assert_borne_out",
    "check",
    "load_config",
]

_LATE = {
    "Assistant": "qa.assistant",
    "Chat": "qa.assistant",
    "Judgement": "qa.support",
    "Overview": "qa.answer.overview",
    "Query": "qa.query",
    "Report": "qa.support",
    "SentenceReader": "qa.read",
    "Understand": "qa.query",
    "assert_borne_out": "qa.checking",
    "check": "qa.checking",
}

if not TYPE_CHECKING:  # or a wrong name from here would pass a type checker

    def __getattr__(name: str) -> object:
        # the assistant brings llama-index and Chroma, a second of imports that `import qa` need not pay
        if name in _LATE:
            from importlib import import_module

            return getattr(import_module(_LATE[name]), name)
        raise AttributeError(f"module 'qa' has no attribute {name!r}")
