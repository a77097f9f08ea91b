"""What the flow can post: a message of adaptive cards, read as people see them."""

import re
from typing import Any

_ADAPTIVE = "application/vnd.microsoft.card.adaptive"
_ELEMENTS = frozenset(
    {"TextBlock", "FactSet", "Image", "Container", "ColumnSet", "RichTextBlock", "ActionSet",
     "Table", "ImageSet", "Media"}
)  # fmt: skip
_ACTIONS = frozenset(
    {"Action.OpenUrl", "Action.Submit", "Action.ShowCard", "Action.ToggleVisibility",
     "Action.Execute"}
)  # fmt: skip
_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\([^)]*\)")
_ESCAPED = re.compile(r"\\([\\`*_\[\]()<>#+~|!-])")


class Unpostable(Exception):
    """A message that the flow's post step fails on."""


def texts_of(message: Any) -> tuple[str, tuple[str, ...]]:
    if not isinstance(message, dict) or message.get("type") != "message":
        raise Unpostable("the message has no type")
    attachments = message.get("attachments")
    if not isinstance(attachments, list) or not attachments:
        raise Unpostable("the message has no attachments")
    lines = [line for one in attachments for line in _card(one)]
    if not lines:
        raise Unpostable("the card is empty")
    return lines[0], tuple(lines[1:])


def _card(attachment: Any) -> list[str]:
    if not isinstance(attachment, dict) or attachment.get("contentType") != _ADAPTIVE:
        raise Unpostable("the attachment is no adaptive card")
    card = attachment.get("content")
    if not isinstance(card, dict) or card.get("type") != "AdaptiveCard" or "version" not in card:
        raise Unpostable("the card has no type or version")
    found = []
    for element in card.get("body", []):
        if not isinstance(element, dict) or element.get("type") not in _ELEMENTS:
            raise Unpostable("the card has an element there is not")
        if element["type"] == "TextBlock":
            found.append(_read(str(element["text"])))
        facts = element.get("facts", [])
        found += [f"{fact['title']}: {_read(str(fact['value']))}" for fact in facts]
    for action in card.get("actions", []):
        if not isinstance(action, dict) or action.get("type") not in _ACTIONS:
            raise Unpostable("the card has an action there is not")
        found.append(f"{action.get('title', '')} → {action.get('url', '')}")
    return found


def _read(text: str) -> str:
    """The text as it is shown: Markdown that is not escaped becomes what it stands for."""
    linked = _LINK.sub(lambda found: f"[a link: {found[0]}]", text)
    return _ESCAPED.sub(r"\1", linked)
