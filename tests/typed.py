"""Read by mypy alone (`make check`): the front door is typed, a wrong name from `qa` is an error, or this is one."""

from qa import Asistant  # type: ignore[attr-defined]  # noqa: F401
