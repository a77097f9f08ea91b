"""The list of all checks, and running them: a new vendor is tested by existing."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tricord.app.suite import acting, answering, declaring, listening, paging, telling
from tricord.app.suite.subject import CasesUnreadable, Subject, subject_of
from tricord.core.commands import VERBS
from tricord.sdk.connector import Connector

Check = Callable[[Subject], Iterator[str]]


def it_has_recorded_cases(subject: Subject) -> Iterator[str]:
    if subject.folder is None:
        yield "it has no folder of recorded cases"
        return
    if subject.connector.signature is not None and subject.sign is None:
        yield f"{subject.folder}/signer.py is missing: nothing proves that its signature can fail"
    if subject.connector.parse is not None and not subject.samples:
        yield f"{subject.folder}/samples is empty"
    if not subject.talks:
        yield f"{subject.folder}/talks is empty"


_PURE: tuple[Check, ...] = (
    declaring.it_has_the_four_file_shape,
    declaring.it_is_named_and_bounded,
    declaring.its_settings_say_what_they_are,
    declaring.its_webhooks_are_signed_and_named,
    declaring.every_verb_declares_its_class,
    listening.parse_survives_any_mutation,
    answering.its_errors_have_their_plan,
    answering.a_record_that_is_not_found_is_gone,
    answering.hostile_ids_do_not_leave_their_place,
)
_RECORDED: tuple[Check, ...] = (
    it_has_recorded_cases,
    listening.t01_a_signed_delivery_is_accepted_under_each_live_secret,
    listening.t01_another_secret_or_none_is_refused,
    listening.t01_one_changed_bit_breaks_the_signature,
    listening.t01_a_missing_or_senseless_header_is_refused,
    listening.t02_a_stale_or_early_delivery_is_refused,
    listening.t02_a_delivery_has_one_stable_id,
    listening.each_sample_becomes_what_it_declares,
    answering.it_speaks_for_every_verb,
    acting.every_verb_has_a_talk_that_does_it,
    acting.class_c_looks_before_it_writes_again,
    acting.class_a_writes_carry_a_key_of_the_business_key,
    acting.class_a_and_b_replays_write_the_same,
    acting.a_customer_is_looked_for_before_one_is_made,
    acting.class_d_writes_exactly_once,
    acting.writes_are_declared,
    telling.a_notice_is_recorded_told_and_over,
    telling.a_repeated_notice_is_the_same,
    telling.a_class_a_notice_carries_its_key,
    telling.no_alert_breaks_its_notice,
    answering.every_talk_goes_as_recorded,
    answering.everything_it_reads_is_recorded,
    answering.requests_stay_at_the_vendor,
    answering.its_probe_only_reads,
    answering.listing_an_empty_vendor_ends,
    paging.every_kind_it_lists_whole_is_recorded,
    paging.a_page_holds_its_kind_and_moves_on,
    paging.listing_nothing_whole_ends,
    paging.what_changes_during_an_import_is_found_after_it,
    answering.no_answer_breaks_a_talk,
)
CHECKS: dict[str, Check] = {check.__name__: check for check in (*_PURE, *_RECORDED)}


def problems_of(connector: Connector, folder: Path | None) -> list[str]:
    """All that is wrong with a connector. Without a folder of cases, what needs none is checked."""
    try:
        subject = subject_of(connector, folder)
    except CasesUnreadable as error:
        return [str(error)]
    checks = _PURE if folder is None else (*_PURE, *_RECORDED)
    return [f"{title(check)}: {words}" for check in checks for words in _told(check, subject)]


def level_of(connector: Connector, folder: Path | None) -> str:
    """How far it is proven here; that it is watched each night only its maintainers can tell."""
    if problems_of(connector, folder):
        return "broken"
    if folder is None:
        return "declared"
    talks = subject_of(connector, folder).talks
    dated = {talk.verb for talk in talks if talk.recorded_on}
    return "recorded" if dated >= {VERBS[kind] for kind in connector.verbs} else "declared"


def title(check: Check) -> str:
    return check.__name__.replace("_", " ")


def _told(check: Check, subject: Subject) -> Iterator[str]:
    """What a check says; a connector that breaks the check itself is told of, not raised."""
    try:
        yield from check(subject)
    except Exception as error:  # an outside connector may fail in any way
        yield f"{type(error).__name__}: {error}"
