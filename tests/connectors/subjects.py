"""Every connector there is, with its recorded cases, as the tests here take them."""

from pathlib import Path

from tricord.app.registry import all_connectors
from tricord.app.suite.subject import Subject, subject_of

HERE = Path(__file__).parent
SUBJECTS: dict[str, Subject] = {
    name: subject_of(connector, HERE / name if (HERE / name).is_dir() else None)
    for name, connector in all_connectors().items()
}
