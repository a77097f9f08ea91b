"""What the program is made of, and what its source never does."""

import ast
import re

from architecture.places import ROOT, modules, tree_of

UNVERIFIED = ("CERT_NONE", "_create_unverified_context", "TCPConnector(ssl=False")
SHELL = ("subprocess", "pty", "popen2", "commands")


def test_t70_every_pin_of_the_lock_has_a_hash() -> None:
    text = (ROOT / "requirements.lock").read_text()
    pins = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(pins) > 20
    for pin in pins:
        first = pin.splitlines()[0]
        assert re.match(r"[A-Za-z0-9._\[\],-]+==\S+", first), f"not a pin: {first}"
        assert "--hash=sha256:" in pin, f"no hash: {first}"


def test_t70_every_dependency_is_in_the_lock() -> None:
    project = (ROOT / "pyproject.toml").read_text().partition("[project.scripts]")[0]
    wanted = re.findall(r'^ *"([a-z0-9-]+)(?:\[[a-z,]+\])?[><=]', project, re.MULTILINE)
    lock = (ROOT / "requirements.lock").read_text()
    pinned = {name.lower() for name in re.findall(r"^([A-Za-z0-9._-]+)", lock, re.MULTILINE)}
    plain = {re.sub(r"[._]", "-", name) for name in pinned}
    # Of the build requirement only a range is named; the lock holds it under the same name.
    missing = [name for name in wanted if re.sub(r"[._]", "-", name) not in plain | {"uv-build"}]
    assert len(wanted) > 10
    assert not missing


def test_t09_nothing_switches_certificate_checks_off() -> None:
    found = []
    for path in modules():
        text = path.read_text()
        found += [f"{path.name}: {word}" for word in UNVERIFIED if word in text]
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.keyword) and node.arg in ("verify", "verify_ssl", "ssl"):
                off = isinstance(node.value, ast.Constant) and node.value.value is False
                found += [f"{path.name}:{node.value.lineno}"] if off else []
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
                off = isinstance(node.value, ast.Constant) and node.value.value is False
                named = node.targets[0].attr == "check_hostname"
                found += [f"{path.name}:{node.lineno}"] if off and named else []
    assert not found


def test_t73_no_shell_no_eval_and_no_sql_made_from_text() -> None:
    found = []
    for path in modules():
        for node in ast.walk(tree_of(path)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path.name}: {name}" for name in names if name.partition(".")[0] in SHELL]
            if isinstance(node, ast.Call):
                found += [f"{path.name}:{node.lineno}"] if _is_risky(node) else []
    assert not found


def _is_risky(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id="eval" | "exec"):
            return True
        case ast.Attribute(value=ast.Name(id="os"), attr="system" | "popen"):
            return True
        case ast.Name(id="text") | ast.Attribute(attr="exec_driver_sql"):
            return any(isinstance(arg, ast.JoinedStr | ast.BinOp) for arg in call.args)
    return False
