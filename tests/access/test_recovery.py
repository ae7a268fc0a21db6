"""Recovery codes: each in place of the phone, once; gone with the second factor; hashed where they are kept."""

from __future__ import annotations

import pytest

from pipeline.access import accounts, recovery, second_factor, totp
from pipeline.access.faults import AccessRefused


@pytest.fixture
def codes(access, make, clock) -> list[str]:
    make("anna", "admin")
    secret = second_factor.begin(access.book, access.vault, "anna")
    return second_factor.confirm(
        access.book, access.vault, "anna", totp.code_at(secret, int(clock.utc() // totp.STEP_S))
    )


def actions(access) -> list[str]:
    return [row["action"] for row in access.book.rows("SELECT action FROM to_audit ORDER BY id")]


def test_each_lets_in_once(access, codes, sign_in):
    assert len(set(codes)) == recovery.CODES
    assert sign_in("anna", code=codes[0]).principal.second_factor
    with pytest.raises(AccessRefused):
        sign_in("anna", code=codes[0])
    assert sign_in("anna", code=codes[1].upper().replace("-", " ")).principal.name == "anna"
    assert recovery.left(access.book, "anna") == recovery.CODES - 2
    assert actions(access).count("recovery code used") == 2


@pytest.mark.parametrize("code", ["aaaa-aaaa-aaaa-aaaa", "a", "-" * 30, "000000", "' OR 1=1 --"])
def test_others_do_not(codes, sign_in, code):
    with pytest.raises(AccessRefused):
        sign_in("anna", code=code)


def test_they_are_of_one_account_alone(access, codes, make, sign_in, clock):
    make("bert")
    secret = second_factor.begin(access.book, access.vault, "bert")
    second_factor.confirm(access.book, access.vault, "bert", totp.code_at(secret, int(clock.utc() // totp.STEP_S)))
    with pytest.raises(AccessRefused):
        sign_in("bert", code=codes[0])


def test_a_wrong_password_spends_none(access, codes, sign_in):
    with pytest.raises(AccessRefused):
        sign_in("anna", password="wrong-password-here", code=codes[0])
    assert recovery.left(access.book, "anna") == recovery.CODES


def test_new_ones_replace_old_ones(access, codes, sign_in):
    fresh = recovery.make(access.book, "anna", actor="anna")
    with pytest.raises(AccessRefused):
        sign_in("anna", code=codes[0])
    assert sign_in("anna", code=fresh[0])


@pytest.mark.parametrize("how", ["dropped", "reset", "removed"])
def test_they_go_with_the_second_factor(access, codes, make, how):
    make("zoe", "admin")
    if how == "dropped":
        second_factor.drop(access.book, "anna", actor="anna")
    elif how == "reset":
        accounts.reset(access.book, "anna", actor="zoe")
    else:
        accounts.remove(access.book, "anna", actor="zoe")
    assert recovery.left(access.book, "anna") == 0


def test_only_hashes_are_kept(access, codes):
    access.book.rows("SELECT 1")
    kept = b"".join(path.read_bytes() for path in access.book.path.parent.glob("access.sqlite*"))
    assert b"recovery_codes" in kept
    for code in codes:
        assert code.encode() not in kept
        assert recovery.plain(code).encode() not in kept
