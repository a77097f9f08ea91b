"""What Slack takes as a message: a text or blocks, within its limits on blocks and their texts."""

import re
from typing import Any

_MOST_BLOCKS = 50
_LONGEST_TEXT = 40_000
_LONGEST = {"section": 3000, "header": 150}
_KINDS = frozenset(
    {"actions", "context", "divider", "file", "header", "image", "input", "markdown", "rich_text",
     "section", "table", "video"}
)  # fmt: skip
_CALL = re.compile(r"<(!|@|#)[^>]*>")


class Invalid(Exception):
    """A message that is not taken; `code` is what Slack answers."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def checked(message: Any) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise Invalid("invalid_payload")
    text, blocks, attached = (message.get(name) for name in ("text", "blocks", "attachments"))
    if not text and not blocks and not attached:
        raise Invalid("no_text")
    if text is not None and (not isinstance(text, str) or len(text) > _LONGEST_TEXT):
        raise Invalid("invalid_payload")
    if isinstance(attached, list) and len(attached) > 100:
        raise Invalid("too_many_attachments")
    if blocks is not None:
        _blocks(blocks)
    return message


def _blocks(blocks: Any) -> None:
    if not isinstance(blocks, list) or len(blocks) > _MOST_BLOCKS:
        raise Invalid("invalid_blocks")
    for block in blocks:
        if not isinstance(block, dict) or block.get("type") not in _KINDS:
            raise Invalid("invalid_blocks")
        longest = _LONGEST.get(block["type"])
        if longest is not None:
            fields = block.get("fields")
            if block["type"] == "section" and isinstance(fields, list) and fields:
                continue
            _text(block.get("text"), longest)
        if block["type"] == "context":
            elements = block.get("elements")
            if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
                raise Invalid("invalid_blocks")


def _text(text: Any, longest: int) -> None:
    good = (
        isinstance(text, dict)
        and text.get("type") in ("mrkdwn", "plain_text")
        and isinstance(text.get("text"), str)
        and 1 <= len(text["text"]) <= longest
    )
    if not good:
        raise Invalid("invalid_blocks")


def texts_of(message: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What a person reads: the text, and each block's text. A call of a channel shows as one."""
    lines = []
    for block in message.get("blocks") or []:
        held = block.get("text")
        parts = [held] if isinstance(held, dict) else block.get("elements") or []
        lines += [_read(str(part.get("text", ""))) for part in parts if isinstance(part, dict)]
    return _read(str(message.get("text") or (lines[0] if lines else ""))), tuple(lines)


def _read(text: str) -> str:
    called = _CALL.sub(lambda found: f"[everybody called: {found[0][1:-1]}]", text)
    return called.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
