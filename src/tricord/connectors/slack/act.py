"""Telling Slack. Class D: an incoming webhook takes no key, and what it posted cannot be found."""

from tricord.core.alerts import Alert, Severity
from tricord.sdk.connector import Access, Work
from tricord.sdk.talk import Done, Talk, post_json

_LONGEST_TITLE = 300
_LONGEST_LINE = 600
_MOST_LINES = 12
_SIGNS = {
    Severity.CRITICAL: ":rotating_light:",
    Severity.ERROR: ":red_circle:",
    Severity.WARNING: ":large_yellow_circle:",
    Severity.INFO: ":large_blue_circle:",
}


def tell(access: Access, alert: Alert, work: Work) -> Talk:
    yield post_json("", message(alert))
    return Done()


def message(alert: Alert) -> dict[str, object]:
    """`text` is what a phone shows and what is read where blocks cannot be."""
    title = escaped(alert.title, _LONGEST_TITLE)
    sign = ":white_check_mark:" if alert.over else _SIGNS[alert.severity]
    lines = [escaped(line, _LONGEST_LINE) for line in alert.lines[:_MOST_LINES]]
    facts = [f"*Owner* {escaped(alert.owner, 200)}"] if alert.owner else []
    if alert.money:
        facts.append("*At stake* " + escaped(", ".join(map(str, alert.money)), 200))
    if alert.count > 1:
        facts.append(f"*Cases* {alert.count:,}")
    blocks = [_section(f"{sign} *{title}*")]
    blocks += [_section("\n".join(lines))] if lines else []
    blocks += [_context("   ".join(facts))] if facts else []
    if alert.link:
        blocks.append(_context(f"<{escaped(alert.link, 2000)}|Open the cases>"))
    return {"text": title, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def escaped(text: str, longest: int) -> str:
    """Text that Slack shows as it stands: its three control characters are what mentions, links
    and channel calls are made of (docs.slack.dev, "Formatting message text")."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}


def _context(text: str) -> dict[str, object]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}
