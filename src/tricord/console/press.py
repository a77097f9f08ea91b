"""The press: templates become pages, with what every page is given."""

from collections.abc import Mapping
from datetime import UTC

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from tricord.console import wording
from tricord.console.desk import Desk
from tricord.console.door import Visitor
from tricord.console.files import File
from tricord.console.guard import PAGE_HEADERS

THEMES = ("light", "dark")
_FILTERS = (
    wording.money,
    wording.whole,
    wording.words,
    wording.tone,
    wording.role,
    wording.who,
    wording.moment,
    wording.fact,
    wording.clock,
    wording.day,
    wording.long_day,
    wording.ago,
    wording.until,
    wording.duration,
    wording.act,
    wording.told,
    wording.here,
)


class Press:
    """`part` prints the page's main part alone: what a page that is open already asks for."""

    def __init__(self, desk: Desk, files: Mapping[str, File]) -> None:
        self._desk = desk
        self._press = Environment(
            loader=PackageLoader("tricord.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._press.filters.update({one.__name__: one for one in _FILTERS})
        self._press.globals["file"] = lambda name: f"/static/{name}?v={files[name].digest}"

    def page(
        self,
        request: Request,
        name: str,
        content: Mapping[str, object],
        *,
        status: int = 200,
        visitor: Visitor | None = None,
        known: bool = True,
    ) -> HTMLResponse:
        """`known` False says nothing of the firm: for who may not know whose hub this is."""
        policy = self._desk.policy() if known and visitor else None
        around: dict[str, object] = {
            "firm": policy.firm.name if policy else "",
            "policy": policy,
            "zone": policy.firm.zone if policy else UTC,
            "now": self._desk.now(),
            "here": name,
            "path": request.url.path,
            "search": "",
            "marks": "",
            "visitor": visitor,
            "theme": theme_of(request),
            "part": request.headers.get("tricord-part") == "main",
            "done": request.query_params.get("done", ""),
        }
        text = self._press.get_template(f"{name}.html").render({**around, **content})
        return HTMLResponse(text, status_code=status, headers=PAGE_HEADERS)

    def refusal(
        self, request: Request, status: int, visitor: Visitor | None = None, why: str = ""
    ) -> HTMLResponse:
        """A page that says what is wrong and what to do, and nothing of the firm to a stranger."""
        answer = self.page(
            request, "refusal", {"status": status, "why": why}, status=status, visitor=visitor
        )
        if status == 401:
            answer.headers["WWW-Authenticate"] = 'Link realm="tricord"'
        return answer


def theme_of(request: Request) -> str:
    """The theme that a person has chosen; "" leaves it to the browser."""
    chosen = request.cookies.get("tricord_theme", "")
    return chosen if chosen in THEMES else ""
