"""The commands as a person types them: what they print, and the exit codes 0, 1 and 2."""

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

TRICORD = Path(sys.executable).with_name("tricord")
SECRETS = ("HUBSPOT_TOKEN", "HUBSPOT_WEBHOOK_SECRET", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET",
           "TWILIO_SID", "TWILIO_TOKEN", "SLACK_WEBHOOK_URL")  # fmt: skip


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TRICORD, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **environment},
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home made by `init`, with its empty database."""
    folder = tmp_path_factory.mktemp("firm") / "home"
    assert run("init", "--home", folder).returncode == 0
    return folder


def test_help_lists_every_command_and_bad_usage_is_2() -> None:
    found = run("--help")
    assert found.returncode == 0
    for name in ("demo", "init", "check", "up", "status", "accounts", "invoices", "commands",
                 "cases", "explain", "sandbox", "connector"):  # fmt: skip
        assert re.search(rf"^  {name} ", found.stdout, re.M), name
    assert run("nonsense").returncode == 2
    assert run("accounts", "--limit", "many").returncode == 2
    assert run("explain").returncode == 2


def test_init_makes_a_private_home_and_overwrites_nothing(home: Path) -> None:
    policy = home / "tricord.yaml"
    assert (home / "firm.key").stat().st_mode & 0o777 == 0o600
    assert (home / "secrets.env").stat().st_mode & 0o777 == 0o600
    before = policy.read_text()
    policy.write_text(before + "# mine\n")
    again = run("init", "--home", home)
    assert again.returncode == 0
    assert policy.read_text().endswith("# mine\n")
    policy.write_text(before)


def test_check_offline_says_what_is_not_active_yet(home: Path) -> None:
    found = run("check", "--offline", "--home", home)
    assert found.returncode == 0
    for part in ("reminders", "holidays", "retainer", "renewal", "outreach"):
        assert re.search(rf"not active yet: .*{part}", found.stdout), part
    machine = json.loads(run("check", "--offline", "--json", "--home", home).stdout)
    assert machine["ok"] is True
    assert len(machine["not_active_yet"]) >= 5


def test_check_without_credentials_names_each_missing_variable(home: Path) -> None:
    found = run("check", "--home", home)
    assert found.returncode == 1
    for name in SECRETS:
        assert name in found.stderr


def test_check_tells_a_vendor_that_cannot_be_reached_from_a_good_file(home: Path) -> None:
    text = (home / "tricord.yaml").read_text()
    for name in ("hubspot", "stripe", "twilio"):
        given = f"connector: {name},"
        text = text.replace(given, f'{given} base_url: "http://127.0.0.1:9",')
    other = home.parent / "other"
    run("init", "--home", other)
    (other / "tricord.yaml").write_text(text)
    values = dict.fromkeys(SECRETS, "x") | {"SMTP_URL": "smtp://u:p@127.0.0.1:9"}
    found = run("check", "--home", other, **values)
    assert found.returncode == 1
    assert "hubspot: PROBLEM" in found.stdout
    assert "stripe: PROBLEM" in found.stdout
    assert "mail: PROBLEM" in found.stdout


def test_a_mistake_in_the_policy_is_shown_with_file_line_and_column(home: Path) -> None:
    other = home.parent / "wrong"
    run("init", "--home", other)
    path = other / "tricord.yaml"
    path.write_text(path.read_text().replace("bill: 40%", "bill: 40 percent"))
    found = run("check", "--offline", "--home", other)
    assert found.returncode == 1
    assert re.search(r"tricord\.yaml:\d+:\d+: .*40 percent", found.stderr)


@pytest.mark.parametrize("name", ["accounts", "invoices", "commands", "cases"])
def test_an_empty_listing_says_so_and_is_valid_json(home: Path, name: str) -> None:
    plain = run(name, "--home", home)
    assert plain.returncode == 0
    assert re.search(r"(no|Nothing|No) ", plain.stdout)
    assert json.loads(run(name, "--json", "--home", home).stdout) == {name: []}


def test_status_of_a_new_home_is_all_zero(home: Path) -> None:
    found = json.loads(run("status", "--json", "--home", home).stdout)
    assert found["deliveries"] == {"waiting": 0, "absorbed": 0, "parked": 0}
    assert found["open_cases"] == 0


def test_what_is_not_there_is_a_plain_problem(home: Path) -> None:
    nowhere = run("status", "--home", home.parent / "nowhere")
    assert nowhere.returncode == 1
    assert "tricord init" in nowhere.stderr
    assert run("explain", "nothing", "--home", home).returncode == 1
    for command in (("approve", "x"), ("retry", "x"), ("skip", "x", "--reason", "r"),
                    ("resolve", "x", "--reason", "r")):  # fmt: skip
        found = run(*command, "--home", home)
        assert found.returncode == 1
        assert "Traceback" not in found.stderr


def test_the_home_may_be_named_before_the_command_or_by_the_environment(home: Path) -> None:
    assert run("--home", home, "status").returncode == 0
    assert run("status", TRICORD_HOME=str(home)).returncode == 0


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("stripe: [{fault: gremlins}]", 'stripe: faults[0]: there is no fault "gremlins"'),
        ('{"hubspot": []}', "faults for hubspot, but only stripe are started"),
        ("- slow", "must hold a list of faults for each vendor"),
        ("stripe: [", "neither JSON nor YAML"),
    ],
)
def test_a_plan_of_faults_that_cannot_be_read_is_said_to_be_so(
    tmp_path: Path, plan: str, said: str
) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(plan)
    found = run("sandbox", "stripe", "--faults", path)
    assert found.returncode == 1
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_sandbox_starts_with_its_plan_of_faults(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("stripe:\n  - {fault: rate_limited, until: 2099-01-01T00:00:00Z, every: 2}\n")
    command = [str(TRICORD), "sandbox", "stripe", "--faults", str(path), "--seed", "4", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        try:
            (box,) = json.loads(started.stdout.readline())["sandboxes"]
            with urllib.request.urlopen(f"{box['base_url']}/_sandbox/faults") as answer:
                told = json.load(answer)
        finally:
            started.terminate()
    assert started.returncode == 0
    assert told["seed"] == 4
    (on,) = told["faults"]
    assert (on["fault"], on["every"], on["until"]) == (
        "rate_limited",
        2,
        "2099-01-01T00:00:00+00:00",
    )
