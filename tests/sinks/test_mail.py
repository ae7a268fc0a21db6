"""What e-mail promises beside the contract: digests, no header of others, TLS or nothing."""

from __future__ import annotations

import pytest

from pipeline.sinks.base import Away, Refused


def test_one_mail_reads_well(mails, notice):
    mails.mail().send([notice("a")])
    (mail,) = mails.mails
    assert mail["Subject"] == "[Depot North] high: Person stayed in bay for 121 s"
    assert mail["Message-ID"] == "<id-a-1@depot.test>"
    assert mail["References"] == "<incident-a@depot.test>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert "1970-01-01 01:16:40 CET  new  high  camera dock, zone bay" in text, "the site's own time"
    assert "private remark" not in text


def test_a_digest_names_all(mails, notice):
    mails.mail().send([notice(f"k{n}", number=n, camera=f"cam{n % 2}", severity="low") for n in range(1, 6)])
    (mail,) = mails.mails
    assert mail["Subject"] == "[Depot North] low: 5 messages (cam0, cam1)"
    assert mail.get_content().count("Person stayed") == 5
    again = mails.mails[0]["Message-ID"]
    mails.mail().send([notice(f"k{n}", number=n, camera=f"cam{n % 2}", severity="low") for n in range(1, 6)])
    assert mails.mails[1]["Message-ID"] == again, "the same mail can be told to be one"


def test_a_huge_digest_is_bounded(mails, notice):
    mails.mail().send([notice(f"k{n}", number=n) for n in range(1, 301)])
    assert "... and 100 more" in mails.mails[0].get_content()


def test_a_sentence_cannot_add_a_header(mails, notice):
    mails.mail().send([notice("a", sentence="x\r\nBcc: thief@evil.test\r\n\r\nhello")])
    (mail,) = mails.mails
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("[Depot North] high: x Bcc: thief@evil.test hello")


def test_letters_of_any_alphabet(mails, notice):
    mails.mail().send([notice("a", sentence="Человек остался в 仓库 für 121 s")])
    assert "Человек остался в 仓库 für 121 s" in mails.mails[0].get_content()


def test_without_starttls_nothing_is_sent_in_the_clear(certificates, notice):
    from tests.sinks.conftest import MailServer

    server = MailServer(certificates, starttls=False)
    try:
        with pytest.raises(Away):
            server.mail().send([notice("a")])
        assert server.mails == []
        server.mail(security="none", tls=None, username=None, password=None).send([notice("a")])
        assert len(server.mails) == 1
    finally:
        server.stop()


def test_an_unknown_authority_is_not_trusted(mails, notice):
    import ssl

    with pytest.raises(Away):
        mails.mail(tls=ssl.create_default_context()).send([notice("a")])
    assert mails.mails == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [("451 try later", Away), ("421 closing", Away), ("552 too large", Refused), ("554 no", Refused)],
)
def test_answers(mails, notice, answer, error):
    mails.answers = [answer]
    with pytest.raises(error):
        mails.mail().send([notice("a")])


def test_one_bad_address_of_two_costs_the_other_nothing(mails, notice):
    mails.bad_boxes = {"gone@depot.test"}
    sink = mails.mail(to=("guard@depot.test", "gone@depot.test"))
    assert sink.send([notice("a")]) == "1 of 2 addresses are refused; the others have it"
    assert len(mails.mails) == 1
    with pytest.raises(Refused):
        mails.mail(to=("gone@depot.test",)).send([notice("b")])


def test_the_password_is_in_no_representation(mails):
    sink = mails.mail()
    assert "S3cret" not in repr(sink._box)
