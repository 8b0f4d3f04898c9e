"""Every knob, its default and its meaning.

Read, strongest first: what is passed in (flags), `QA_*` in the environment, `qa.toml` in the working
folder, `[tool.qa]` in `pyproject.toml`.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    PyprojectTomlConfigSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from qa.schema import ConfigError

RULES: Final[Mapping[str, str]] = {
    "spelling": "a name is spelled as in the documents",
    "foreign": "a question in another language than English is matched by its letters",
    "unknown": "a name that stands in no document is said to, and makes an answer doubtful",
    "stories": "what whoever asks tells of themselves is not what they ask: “I was fired, what do I get?”",
    "follow-ups": "a follow-up is made to stand alone, by all the rules from here to “subject”",
    "fragments": "“In 2022?”, “What about Oslo?”: put into the last question",
    "pronouns": "“he”, “it”, “they”: what was spoken of last and most",
    "subject": "a follow-up that names nothing gets the conversation's subject",
    "several": "two questions in one are answered one by one",
    "kinds": "what sort of answer is wanted, by all the rules from here to “overview”",
    "asked": "who is asked to speak: “What does the union say about pay?”",
    "comparing": "“Compare A and B”, “Do the sources agree on the date?”, “across the sources”",
    "named": "a source that the question names is preferred",
    "list": "several things are wanted, or who somebody is: a lower bar, more sentences",
    "short forms": "what a short form stands for: the sentence that spells it out comes first",
    "counted": "how many, how long, what share of: a sentence without a figure gives way to one with",
    "steps": "how to: the list that holds the question's words comes first",
    "tables": "the row that the question names, and the cell that it asks for",
    "places": "what stands at a number that the question names, or leads up to all its words",
    "years": "what stands beside none of the years, or under other months, than the question names is doubted",
    "latest": "asked how things are, of what several dates give the newest comes first",
    "overview": "the gist of a text, by its key sentences",
    "sides": "of each of two things compared, a sentence on it",
    "speakers": "a speaker in the texts: sentences that he says",
    "few": "where a sentence of the best passages answers surely, the others are not read",
    "again": "passages that look best are read twice",
    "twins": "of two sentences that are alike, the one with the question's words answers",
    "missed": "names of the question that the best passage lacks speak against an answer",
}
"""What can be left out to measure what it is worth (`qa eval ablate`)."""

INDEX_SETTINGS = ("embedding_model", "passage_words", "passage_words_max")
"""Settings that change what is in an index; the manifest records them."""


class Config(BaseSettings):
    """Settings of one assistant. Immutable; `load_config` reads them from where people keep them."""

    model_config = SettingsConfigDict(
        env_prefix="QA_",
        toml_file="qa.toml",
        pyproject_toml_table_header=("tool", "qa"),
        extra="forbid",
        frozen=True,
    )

    corpus_dir: Path = Field(Path("corpus"), description="folder of documents")
    index_dir: Path = Field(Path("index"), description="folder of the index; safe to delete")
    chroma_url: str = Field("", description="address of a Chroma server; empty: embedded, in index_dir")
    shared_url: str = Field(
        "",
        repr=False,  # it may hold a password
        description="PostgreSQL database that holds the index for several machines; empty: index_dir alone",
    )

    vector_store: Literal["auto", "exact", "signs", "chroma"] = Field(
        "auto",
        description="exact: every vector is compared; signs: those that share most signs; chroma: a graph finds "
        "neighbours; auto: chroma on a server, signs from 100,000 passages on",
    )

    embedding_model: str = Field(
        "all-MiniLM-L6-v2",
        description="sentence-transformers name or folder; the default comes with the installation",
    )
    passage_words: int = Field(150, ge=20, le=400, description="words a passage aims at")
    passage_words_max: int = Field(180, ge=20, le=500, description="words a passage does not exceed")
    max_document_mb: float = Field(20.0, gt=0, description="larger documents are skipped, in megabytes")

    candidates: int = Field(50, ge=1, le=1000, description="passages that each retriever proposes")
    lexical_weight: float = Field(
        0.4, ge=0, le=1, description="weight of the words that question and passage share, against their meaning"
    )
    top_k: int = Field(32, ge=1, le=200, description="passages that are looked at for an answer")
    max_share: float = Field(
        0.5, gt=0, le=1, description="share of those that one source may take while others qualify"
    )

    reader: Literal["auto", "small", "none"] = Field(
        "auto",
        description="auto: two, the larger one behind; small: one alone, half the time and memory; none: shared words",
    )
    support: Literal["auto", "none"] = Field("auto", description="auto: check every sentence; none: do not")
    min_answer: float | None = Field(
        None, ge=0, le=1, description="probability below which qa abstains; unset: the reader's own threshold"
    )
    without: frozenset[str] = Field(
        frozenset(), description="rules left out, to measure what each is worth: see `qa eval ablate`"
    )
    max_sentences: int = Field(5, ge=1, le=20, description="sentences in a quoted answer")

    answerer: Literal["auto", "quote", "write"] = Field(
        "auto", description="auto: write where a language model is set, else quote; write or quote: always"
    )
    llm_provider: Literal["openai-like", "anthropic"] = Field("openai-like", description="openai-like, or anthropic")
    llm_url: str = Field(
        "", description="address of its server, as http://127.0.0.1:11434/v1; for anthropic, unset: its own"
    )
    llm_model: str = Field("", description="name of the language model at that address")
    llm_api_key: SecretStr = Field(SecretStr(""), description="key; from the environment only")
    llm_timeout: float = Field(60.0, gt=0, description="seconds to wait for the language model")
    llm_retries: int = Field(3, ge=0, le=10, description="times a failed call is repeated")
    llm_price: tuple[float, float] | None = Field(
        None, description="US dollars per million prompt and completion tokens, to report cost"
    )
    llm_grammar: bool = Field(
        False, description="the server is llama.cpp's: its model is held to sentences with markers that exist"
    )
    llm_fallback: Literal["quote", "partial"] = Field(
        "partial", description="language model gone mid-answer: partial keeps what was checked, quote quotes instead"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Where settings stand, strongest first."""
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls),
            PyprojectTomlConfigSettingsSource(settings_cls),
        )

    @field_validator("without")
    @classmethod
    def _are_rules(cls, without: frozenset[str]) -> frozenset[str]:
        if unknown := sorted(without - RULES.keys()):
            raise ValueError(f"no rule {unknown[0]!r}; there are: {', '.join(RULES)}")
        return without

    @model_validator(mode="after")
    def _passages_fit(self) -> Self:
        if self.passage_words > self.passage_words_max:
            raise ValueError(
                f"passage_words is {self.passage_words}, above passage_words_max, which is {self.passage_words_max}; "
                "raise that too, or lower this"
            )
        return self

    def index_settings(self) -> dict[str, Any]:
        """The settings that an index depends on."""
        return {name: getattr(self, name) for name in INDEX_SETTINGS}

    def digest(self) -> str:
        """Short fingerprint of every setting that can change an answer; folders and keys are left out."""
        without_effect = {"corpus_dir", "index_dir", "chroma_url", "shared_url", "vector_store", "llm_api_key"}
        chosen = self.model_dump(mode="json", exclude=without_effect)
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:12]


def load_config(config: Config | None = None, /, **overrides: Any) -> Config:
    """Settings from everywhere they may stand; `overrides` (None: not given) win.

    Args:
        config: settings to start from instead.

    Raises:
        ConfigError: a setting is unknown (the nearest known name is given) or has a wrong value.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Config(**(dict(config) if config else {}) | given)
    except ValidationError as error:
        raise ConfigError("; ".join(_explain(e) for e in error.errors())) from error
    except ValueError as error:  # a TOML file that does not parse
        raise ConfigError(f"settings cannot be read: {error}. Mend qa.toml or pyproject.toml") from error


def unknown_variables() -> list[str]:
    """Variables QA_… in the environment that are no setting: another program's, or misspelt; `qa doctor` names them."""
    known = {f"QA_{name}".upper() for name in Config.model_fields}
    unknown = [n for n in sorted(os.environ) if n.startswith("QA_") and n not in known and n not in _OTHER_VARIABLES]
    return [f"{n}{_nearest(n, sorted(known)).partition('; known')[0]}" for n in unknown]


_OTHER_VARIABLES = {"QA_TRAINING_DATA", "QA_APP_USERS"}


def _explain(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"])
    if not name:  # several settings that do not go together
        return str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        return f"unknown setting {name!r}{_nearest(name, sorted(Config.model_fields))}"
    shown = "(hidden)" if "key" in name else repr(error.get("input"))
    return f"setting {name!r} is {shown}: {error['msg'][0].lower()}{error['msg'][1:]}"


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"
