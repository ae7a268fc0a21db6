"""One suite over all sinks: what arrives, in which order, under which id, and what is said when it does not."""

from __future__ import annotations

import pytest

from pipeline.sinks.base import Away, Refused


def test_one_arrives_once_with_its_id(end, notice, wait):
    end.sink.send([notice("a")])
    wait(lambda: end.received() == ["id-a-1"])


def test_many_arrive_in_order(end, notice, wait):
    wanted = [notice(f"k{n:02d}", number=n) for n in range(20)]
    for one in wanted:
        end.sink.send([one])
    wait(lambda: end.received() == [one.notice_id for one in wanted])


def test_again_is_the_same_id(end, notice, wait):
    """At least once: whoever hears it twice can tell."""
    end.sink.send([notice("a")])
    end.sink.send([notice("a")])
    wait(lambda: end.received() == ["id-a-1", "id-a-1"])


def test_several_in_one_send(end, notice, wait):
    several = [notice(f"k{n}", number=n) for n in range(3)]
    for at in range(0, 3, end.sink.most):
        end.sink.send(several[at : at + end.sink.most])
    wait(lambda: end.received() == [one.notice_id for one in several])


def test_the_other_end_away_and_back(end, notice, wait):
    end.sink.send([notice("a")])
    wait(lambda: end.received() == ["id-a-1"])
    end.stop()
    for _ in range(2):
        with pytest.raises(Away):
            end.sink.send([notice("b", number=2)])
    end.start()
    end.sink.send([notice("b", number=2)])
    wait(lambda: end.received()[-1] == "id-b-2")
    assert end.received().count("id-b-2") == 1, "nothing was kept by the library and sent as well"


def test_what_is_refused_is_not_taken_and_the_next_is(end, notice, wait):
    with pytest.raises(Refused):
        end.sink.send([end.too_much()])
    end.sink.send([notice("b", number=2)])
    wait(lambda: end.received() == ["id-b-2"])


def test_a_wrong_password_is_told_without_it(end, notice):
    other = end.impostor()
    with pytest.raises(Away) as caught:
        other.send([notice("a")])
    assert "wrong-Token" not in str(caught.value)
    assert caught.value.__cause__ is None
    other.close()
    assert end.received() == []


def test_tending_and_closing_again_and_again(end, notice, wait):
    for _ in range(3):
        end.sink.tend()
    end.sink.send([notice("a")])
    end.sink.close()
    end.sink.close()
    wait(lambda: end.received() == ["id-a-1"])
