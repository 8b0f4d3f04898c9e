"""Every error that `qa` raises on purpose: what is wrong, with the values, and what to do next.

QAError                     anything `qa` reports on purpose; the message ends with what to do next
├── ConfigError             a setting that does not exist or has a wrong value
├── CorpusError             documents that cannot be read
├── IndexMissingError       there is no index where one was expected
├── IndexStaleError         the index was built from something else than what is here now
├── IndexBusyError          somebody else is writing the index
├── IndexWriteError         the index could not be written; the old one is untouched
├── ModelError              a model file is missing, altered or unusable
├── QuestionError           a question or filter that cannot be searched for
└── LanguageModelError      the language model could not be reached or did not answer
"""

from __future__ import annotations


class QAError(Exception):
    """Anything `qa` reports on purpose. The message says what is wrong and what to do."""


class ConfigError(QAError):
    """A setting that does not exist or has a value it cannot have."""


class CorpusError(QAError):
    """Documents that cannot be read, or none at all."""


class IndexMissingError(QAError):
    """There is no index in the folder."""


class IndexStaleError(QAError):
    """The index was built by another version, model, setting or corpus."""


class IndexBusyError(QAError):
    """Another process holds the writer's lock."""


class IndexWriteError(QAError):
    """The index could not be written. The one that was there before is untouched."""


class ModelError(QAError):
    """A model file is missing, altered or cannot be loaded."""


class QuestionError(QAError):
    """A question or a filter that cannot be searched for."""


class LanguageModelError(QAError):
    """The language model could not be reached, refused, or broke off."""
