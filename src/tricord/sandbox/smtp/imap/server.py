"""An IMAP4rev1 server on the running loop, for one mailbox: enough for clients that read mail."""

import asyncio
import base64
import binascii
import contextlib
import re
from collections.abc import Callable
from datetime import datetime

from tricord.sandbox.smtp.imap import fetching, searching
from tricord.sandbox.smtp.imap.folders import Firm, Folder, Kept, flag_of
from tricord.sandbox.smtp.imap.syntax import BadSyntax, Word, numbers_of, plain, quoted, words_of

CAPABILITIES = "IMAP4rev1 LITERAL+ IDLE UNSELECT SPECIAL-USE ID AUTH=PLAIN AUTH=XOAUTH2"
_LONGEST_LINE = 64 * 1024
_LARGEST_LITERAL = 32 * 1024 * 1024
_LITERAL = re.compile(rb"\{(\d{1,9})(\+?)\}$")
_IDLE_SECONDS = 0.2


class No(Exception):
    """What was asked is not done; the words are the answer."""


class Gone(Exception):
    """The client has left."""


class Session:
    """One client's connection. Commands are methods called `do_…`; `uid_` ones go by UID."""

    def __init__(
        self,
        firm: Firm,
        accepts: Callable[[str, str], bool],
        clock: Callable[[], datetime],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._firm = firm
        self._accepts = accepts
        self._clock = clock
        self._reader, self._writer = reader, writer
        self._inside = False
        self._folder: Folder | None = None
        self._read_only = True
        self._known = 0
        self._tag = ""

    async def run(self) -> None:
        """Until the client logs out, leaves, or is cut."""
        with contextlib.suppress(Gone, ConnectionError, asyncio.IncompleteReadError):
            self._say(f"* OK [CAPABILITY {CAPABILITIES}] The sandbox mailbox is ready")
            while await self._command():
                await self._writer.drain()
        self._writer.close()

    def cut(self) -> None:
        self._writer.transport.abort()

    async def _command(self) -> bool:
        line, literals = await self._line()
        tag, _, rest = line.partition(b" ")
        self._tag = tag.decode("ascii", "replace") or "*"
        try:
            words = words_of(rest, literals)
            name = plain(words.pop(0)).upper() if words else ""
            by_uid = name == "UID"
            if by_uid:
                name = plain(words.pop(0)).upper() if words else ""
            done = await self._do(name, words, by_uid=by_uid)
        except BadSyntax as error:
            self._say(f"{self._tag} BAD {error}")
        except No as error:
            self._say(f"{self._tag} NO {error}")
        else:
            self._news()
            self._say(f"{self._tag} OK {done}")
            return name != "LOGOUT"
        return True

    async def _do(self, name: str, words: list[Word], *, by_uid: bool) -> str:
        match name:
            case "CAPABILITY":
                self._say(f"* CAPABILITY {CAPABILITIES}")
            case "NOOP" | "CHECK":
                pass
            case "ID":
                self._say('* ID ("name" "sandbox mail")')
            case "LOGOUT":
                self._say("* BYE Until next time")
            case "LOGIN":
                return self._login(plain(_at(words, 0)), plain(_at(words, 1)))
            case "AUTHENTICATE":
                return await self._authenticate(words)
            case _:
                return await self._do_inside(name, words, by_uid=by_uid)
        return f"{name} completed"

    async def _do_inside(self, name: str, words: list[Word], *, by_uid: bool) -> str:
        if not self._inside:
            raise No("[AUTHENTICATIONFAILED] Please log in first")
        match name:
            case "LIST" | "LSUB":
                self._list(name, plain(_at(words, 0)) + plain(_at(words, 1)))
            case "SELECT" | "EXAMINE":
                return self._select(plain(_at(words, 0)), read_only=name == "EXAMINE")
            case "STATUS":
                self._status(plain(_at(words, 0)), _at(words, 1))
            case "APPEND":
                self._append(words)
            case "IDLE":
                await self._idle()
            case "CLOSE" | "UNSELECT":
                self._open()
                self._folder = None
            case "SEARCH":
                found = searching.search(self._open(), words)
                numbers = [str(kept.uid if by_uid else place) for place, kept in found]
                self._say(" ".join(["* SEARCH", *numbers]))
            case "FETCH":
                self._fetch(plain(_at(words, 0)), words[1:], by_uid=by_uid)
            case "STORE":
                self._store(plain(_at(words, 0)), words[1:], by_uid=by_uid)
            case "EXPUNGE":
                self._expunge()
            case _:
                raise BadSyntax(f"{name or 'nothing'} is not known here")
        return f"{name} completed"

    # Coming in

    def _login(self, user: str, password: str) -> str:
        if not self._accepts(user, password):
            raise No("[AUTHENTICATIONFAILED] Authentication failed.")
        self._inside = True
        return f"[CAPABILITY {CAPABILITIES}] Logged in"

    async def _authenticate(self, words: list[Word]) -> str:
        """PLAIN (RFC 4616), and XOAUTH2 where the token is the mailbox's password."""
        mechanism = plain(_at(words, 0)).upper()
        if mechanism not in ("PLAIN", "XOAUTH2"):
            raise No("[CANNOT] That mechanism is not offered")
        if len(words) > 1:
            told = plain(words[1])
        else:
            self._say("+ ")
            await self._writer.drain()
            told = (await self._line())[0].decode("ascii", "replace")
        try:
            parts = base64.b64decode(told, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError) as error:
            raise BadSyntax("not base64") from error
        if mechanism == "PLAIN":
            _, _, rest = parts.partition("\0")
            user, _, password = rest.partition("\0")
        else:
            user = parts.partition("user=")[2].partition("\x01")[0]
            password = parts.partition("auth=Bearer ")[2].partition("\x01")[0]
        return self._login(user, password)

    # Folders

    def _list(self, name: str, pattern: str) -> None:
        if pattern == "":
            self._say(f'* {name} (\\Noselect) "." ""')
            return
        shape = "".join(".*" if c in "*%" else re.escape(c) for c in pattern)
        for folder in self._firm.folders.values():
            if re.fullmatch(shape, folder.name, re.IGNORECASE):
                self._say(f'* {name} ({" ".join(folder.attributes)}) "." {quoted(folder.name)}')

    def _find(self, name: str) -> Folder:
        found = self._firm.find(name)
        if found is None:
            raise No("[NONEXISTENT] Mailbox doesn't exist")
        return found

    def _select(self, name: str, *, read_only: bool) -> str:
        self._folder = None
        folder = self._folder = self._find(name)
        self._read_only, self._known = read_only, len(folder.mails)
        flags = "\\Answered \\Flagged \\Deleted \\Seen \\Draft"
        self._say(f"* FLAGS ({flags})")
        self._say(f"* OK [PERMANENTFLAGS ({'' if read_only else flags})] Flags kept")
        self._say(f"* {len(folder.mails)} EXISTS")
        self._say("* 0 RECENT")
        self._say(f"* OK [UIDVALIDITY {folder.validity}] UIDs valid")
        self._say(f"* OK [UIDNEXT {folder.next_uid}] Predicted next UID")
        return f"[READ-{'ONLY' if read_only else 'WRITE'}] Opened"

    def _status(self, name: str, wanted: Word) -> None:
        folder = self._find(name)
        known = {
            "MESSAGES": len(folder.mails), "RECENT": 0, "UIDNEXT": folder.next_uid,
            "UIDVALIDITY": folder.validity, "UNSEEN": folder.unseen,
        }  # fmt: skip
        items = [plain(one).upper() for one in (wanted if isinstance(wanted, list) else [wanted])]
        if not set(items) <= set(known):
            raise BadSyntax("a figure that is not known here")
        told = " ".join(f"{item} {known[item]}" for item in items)
        self._say(f"* STATUS {quoted(folder.name)} ({told})")

    def _append(self, words: list[Word]) -> None:
        folder, content = self._find(plain(_at(words, 0))), words[-1]
        if not isinstance(content, bytes):
            raise BadSyntax("a mail is missing")
        named = next((word for word in words[1:-1] if isinstance(word, list)), [])
        folder.add(content, self._clock(), {flag_of(plain(one)) for one in named})

    # Mails

    def _open(self) -> Folder:
        if self._folder is None:
            raise BadSyntax("no mailbox is open")
        return self._folder

    def _chosen(self, numbers: str, *, by_uid: bool) -> list[tuple[int, Kept]]:
        folder = self._open()
        placed = list(enumerate(folder.mails, start=1))
        if not placed:
            return []
        parts = list(numbers_of(numbers, placed[-1][1].uid if by_uid else placed[-1][0]))
        return [
            (place, kept)
            for place, kept in placed
            if any((kept.uid if by_uid else place) in part for part in parts)
        ]

    def _fetch(self, numbers: str, words: list[Word], *, by_uid: bool) -> None:
        items = fetching.items_of(words, by_uid=by_uid)
        aloud = fetching.reads_aloud(items) and not self._read_only
        for place, kept in self._chosen(numbers, by_uid=by_uid):
            if aloud:
                kept.flags.add("\\Seen")
            told = fetching.told(kept, items)
            self._writer.write(f"* {place} FETCH (".encode() + told + b")\r\n")

    def _store(self, numbers: str, words: list[Word], *, by_uid: bool) -> None:
        if self._read_only:
            raise No("The mailbox is open for reading alone")
        way, value = plain(_at(words, 0)).upper(), _at(words, 1)
        flags = {flag_of(plain(one)) for one in (value if isinstance(value, list) else [value])}
        if not re.fullmatch(r"[+-]?FLAGS(\.SILENT)?", way):
            raise BadSyntax("not a way to store flags")
        for place, kept in self._chosen(numbers, by_uid=by_uid):
            if way[0] == "+":
                kept.flags |= flags
            elif way[0] == "-":
                kept.flags -= flags
            else:
                kept.flags = set(flags)
            if not way.endswith(".SILENT"):
                told = fetching.told(kept, [*(["UID"] if by_uid else []), "FLAGS"])
                self._writer.write(f"* {place} FETCH (".encode() + told + b")\r\n")

    def _expunge(self) -> None:
        folder = self._open()
        if self._read_only:
            raise No("The mailbox is open for reading alone")
        for place in range(len(folder.mails), 0, -1):
            if "\\Deleted" in folder.mails[place - 1].flags:
                del folder.mails[place - 1]
                self._say(f"* {place} EXPUNGE")
        self._known = len(folder.mails)

    async def _idle(self) -> None:
        """Tell of news until the client says DONE (RFC 2177)."""
        self._say("+ idling")
        await self._writer.drain()
        waiting = asyncio.ensure_future(self._line())
        try:
            while not waiting.done():
                await asyncio.wait([waiting], timeout=_IDLE_SECONDS)
                self._news()
                await self._writer.drain()
            if (await waiting)[0].upper() != b"DONE":
                raise BadSyntax("DONE was expected")
        finally:
            waiting.cancel()

    def _news(self) -> None:
        if self._folder is not None and len(self._folder.mails) != self._known:
            self._known = len(self._folder.mails)
            self._say(f"* {self._known} EXISTS")

    # The line

    async def _line(self) -> tuple[bytes, list[bytes]]:
        """One command with its literals. Those marked `+` come unasked (RFC 7888)."""
        line, literals = b"", list[bytes]()
        while True:
            piece = await self._reader.readline()
            if not piece or len(line) + len(piece) > _LONGEST_LINE:
                raise Gone
            line += piece.rstrip(b"\r\n")
            found = _LITERAL.search(piece.rstrip(b"\r\n"))
            if found is None:
                return line, literals
            if int(found[1]) > _LARGEST_LITERAL:
                raise Gone
            if not found[2]:
                self._say("+ OK")
                await self._writer.drain()
            literals.append(await self._reader.readexactly(int(found[1])))

    def _say(self, text: str) -> None:
        self._writer.write(f"{text}\r\n".encode())


def _at(words: list[Word], place: int) -> Word:
    if place >= len(words):
        raise BadSyntax("a word is missing")
    return words[place]
