"""What a server writes to its log: one JSON object a line, on stderr, and nothing personal.

Of an error that nobody foresaw the kind and the lines of code are written, never its message: a
database's message repeats the values it was given.
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import IO, Any, Final

import structlog
from structlog.typing import EventDict, WrappedLogger

REQUESTS: Final = "nba_api.requests"
"""The logger of one line a request."""
_ADDRESS: Final = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+")
_HIDDEN: Final = "<hidden>"


def configure(*, requests: bool, stream: IO[str] | None = None) -> logging.Handler:
    """Send the process's log to stderr as JSON lines; give the handler that does.

    Args:
        requests: write one line a request too, not warnings and errors alone.
        stream: where to, instead of stderr.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", key="at"),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _bare_error,
                _without_addresses,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(REQUESTS).setLevel(logging.INFO if requests else logging.WARNING)
    return handler


def _bare_error(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Put the kind of an error and where it was raised in place of the error."""
    raised = event.pop("exc_info", None)
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["raised"] = [
            f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
    return event


def _without_addresses(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Hide what looks like an e-mail address in what a library says of its own."""
    return {name: _hidden(value) for name, value in event.items()}


def _hidden(value: Any) -> Any:  # noqa: ANN401 - whatever a library logs
    return _ADDRESS.sub(_HIDDEN, value) if isinstance(value, str) else value
