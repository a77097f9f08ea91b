"""Debian's own Postfix and Dovecot as private instances on loopback, for one test at a time.

Everything they write lies in one folder; no service of the system is touched. They start as root,
because Postfix insists on it, and stop when the block ends.
"""

import contextlib
import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tricord.app.web import free_port

POSTFIX, DOVECOT = "/usr/sbin/postfix", "/usr/sbin/dovecot"
PASSWORD = "an-example-password"
PEOPLE = ("billing@harbour.example", "zoe@client.example", "away@client.example")
OWNER = "mail"
needs_mail_servers = pytest.mark.skipif(
    not (os.path.exists(POSTFIX) and os.path.exists(DOVECOT) and os.geteuid() == 0),
    reason="needs root, and Debian's packages postfix and dovecot-imapd",
)
needs_dovecot = pytest.mark.skipif(
    not (os.path.exists(DOVECOT) and os.geteuid() == 0),
    reason="needs root, and Debian's package dovecot-imapd",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServers:
    """Where they listen, and the certificate that whoever speaks TLS must trust."""

    smtp: int
    imap: int
    imaps: int
    authority: Path
    folder: Path

    def mailbox(self, address: str, scheme: str = "imap") -> str:
        """The URL of a person's mailbox."""
        port = self.imaps if scheme == "imaps" else self.imap
        return f"{scheme}://{address.replace('@', '%40')}:{PASSWORD}@localhost:{port}"

    def send(self, mail: EmailMessage, sender: str | None = None) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=10) as client:
            client.send_message(mail, from_addr=sender)


@contextlib.contextmanager
def mail_servers(*, postfix: bool = True) -> Iterator[MailServers]:
    # Below /tmp itself: the folders that pytest makes are closed to the servers' own users.
    folder = Path(tempfile.mkdtemp(prefix="tricord-mail-"))
    folder.chmod(0o755)
    try:
        servers = MailServers(
            smtp=free_port(), imap=free_port(), imaps=free_port(),
            authority=_certificate(folder), folder=folder,
        )  # fmt: skip
        with contextlib.ExitStack() as stack:
            stack.enter_context(_running(_dovecot(servers), servers.imap, folder / "dovecot.log"))
            if postfix:
                stack.enter_context(
                    _running(_postfix(servers), servers.smtp, folder / "postfix.log")
                )
            yield servers
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[None]:
    with (log.parent / f"{Path(command[0]).name}.out").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        try:
            _until_it_answers(port, process, log)
            yield
        finally:
            if command[0] == POSTFIX:
                # What was started is a script; the master it has started has to be told itself.
                subprocess.run([*command[:-1], "abort"], stdout=out, stderr=out, check=False)
            process.terminate()
            process.wait(20)


def _until_it_answers(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    told = [path.read_text(errors="replace") for path in (log, *log.parent.glob("*.out"))
            if path.exists()]  # fmt: skip
    raise AssertionError(f"no answer at port {port}: {told}")


def _dovecot(servers: MailServers) -> list[str]:
    folder, owner = servers.folder, pwd.getpwnam(OWNER)
    config = folder / "dovecot.conf"
    config.write_text(
        f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%d/%n
mailbox_list_index = no
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={folder}/mail/%d/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {servers.imap}
  }}
  inet_listener imaps {{
    port = {servers.imaps}
    ssl = yes
  }}
}}
namespace inbox {{
  inbox = yes
  separator = .
  mailbox Versendet {{
    auto = create
    special_use = \\Sent
  }}
}}
"""
    )
    mail = folder / "mail"
    mail.mkdir()
    os.chown(mail, owner.pw_uid, owner.pw_gid)
    return [DOVECOT, "-F", "-c", str(config)]


def _postfix(servers: MailServers) -> list[str]:
    folder, owner = servers.folder, pwd.getpwnam(OWNER)
    conf = folder / "postfix"
    conf.mkdir()
    for name in ("queue", "data"):
        (folder / name).mkdir()
    os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
    boxes = [f"{address} {address.partition('@')[2]}/{address.partition('@')[0]}/"
             for address in PEOPLE]  # fmt: skip
    (conf / "boxes").write_text("\n".join(boxes) + "\n")
    (conf / "main.cf").write_text(
        f"""
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mail.harbour.example
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = harbour.example client.example
virtual_mailbox_maps = texthash:{conf}/boxes
virtual_mailbox_base = {folder}/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:{owner.pw_uid}
virtual_gid_maps = static:{owner.pw_gid}
# Taken first and told of later, as a server does that only relays.
smtpd_reject_unlisted_recipient = no
default_transport = error:5.1.2 that host is not to be found
"""
    )
    (conf / "master.cf").write_text(
        f"""
127.0.0.1:{servers.smtp} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""
    )
    return [POSTFIX, "-c", str(conf), "start-fg"]


def _certificate(folder: Path) -> Path:
    """A certificate for localhost that signs itself: whoever trusts it trusts it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)  # noqa: TID251 - the servers live by the machine's clock
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path = folder / "server.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return path
