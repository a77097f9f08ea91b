"""Telling Teams. Class D: a workflow takes no key; its 202 says that the flow started, no more."""

import re

from tricord.core.alerts import Alert, Severity
from tricord.sdk.connector import Access, Work
from tricord.sdk.talk import Done, Talk, post_json

_LONGEST_TITLE = 300
_LONGEST_LINE = 600
# A posted message may have about 28 kB; twelve lines of this length stay well below.
_MOST_LINES = 12
# What an adaptive card's texts take for a link, emphasis or list (adaptivecards.io, text features).
_MARKDOWN = re.compile(r"([\\`*_\[\]()<>#+~|!-])")
_COLOURS = {
    Severity.CRITICAL: "Attention",
    Severity.ERROR: "Attention",
    Severity.WARNING: "Warning",
    Severity.INFO: "Accent",
}


def tell(access: Access, alert: Alert, work: Work) -> Talk:
    yield post_json("", message(alert), expected=(200, 202))
    return Done()


def message(alert: Alert) -> dict[str, object]:
    card: dict[str, object] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": _body(alert),
    }
    if alert.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open the cases", "url": alert.link}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _body(alert: Alert) -> list[dict[str, object]]:
    colour = "Good" if alert.over else _COLOURS[alert.severity]
    body: list[dict[str, object]] = [
        {
            "type": "TextBlock",
            "text": plain(alert.title, _LONGEST_TITLE),
            "weight": "Bolder",
            "size": "Medium",
            "color": colour,
            "wrap": True,
        }
    ]
    body += [
        {"type": "TextBlock", "text": plain(line, _LONGEST_LINE), "wrap": True}
        for line in alert.lines[:_MOST_LINES]
    ]
    facts = [("Severity", str(alert.severity)), ("Owner", alert.owner)]
    facts.append(("At stake", ", ".join(map(str, alert.money))))
    facts.append(("Cases", f"{alert.count:,}" if alert.count > 1 else ""))
    shown = [{"title": name, "value": plain(value, 200)} for name, value in facts if value]
    return [*body, {"type": "FactSet", "facts": shown}]


def plain(text: str, longest: int) -> str:
    """Text that a card shows as it stands, without making links or emphasis of it."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return _MARKDOWN.sub(r"\\\1", cut)
