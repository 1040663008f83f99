"""The page of webhooks: set up, tried, not taken and sent again, without a script."""

from __future__ import annotations

import re
from datetime import timedelta

from ledger.core import clock, outgoing
from ledger.core.outgoing import Answered
from ledger.people import webhook_delivery
from tests.ledger.core.test_feed import settle
from tests.receiving import Receiver, receiving


def deliver(place, post=outgoing.post):
    settle(place)
    return webhook_delivery.deliver_waiting([place.id], post)


def test_an_admin_sets_one_up_tries_it_and_sends_again_what_was_not_taken(day, visit):
    place, receiver = day.place, Receiver()
    admin = visit(place.admin)
    admin.get("./webhooks")
    assert "还没有接收事件的系统" in admin.words
    admin.post("./webhooks", url="http://10.0.0.1/in", purpose="报表", things=["activity"])
    assert "这个网址不能接收事件" in admin.words
    assert 'value="activity" checked' in admin.page
    with receiving(receiver):
        settle(place)
        admin.post("./webhooks", url=receiver.url, purpose="街道台账", things=["activity"])
        assert "只显示这一次" in admin.words
        receiver.secrets.append(re.findall(r'id="secret" class="digest">(\S+)</code>', admin.page)[0])
        [path] = re.findall(r'action="(\S+)/test"', admin.page)
        admin.post(f"{path}/test", follow=True)
        assert deliver(place) == 1
        admin.get(path)
        assert receiver.secrets[0] not in admin.page
        assert "webhook.tested" in admin.words
        assert "收下了" in admin.words
        admin.post(f"{path}/test", follow=True)
        for wait in (timedelta(0), *webhook_delivery.WAITS):
            clock.advance(seconds=wait.total_seconds())
            deliver(place, lambda *_: Answered(None, "timeout", 10_000))
        admin.get(path)
        assert "没有及时回答" in admin.words
        admin.post(f"{path}/send-again", follow=True)
        assert "等再送" in admin.words
        assert deliver(place) == 1
    admin.get(path)
    assert "后来收下了" in admin.words
    admin.post(path, url="https://hooks.example.org/in", purpose="区里台账", follow=True)
    assert "区里台账" in admin.words
    for step, words in (("pause", "有人按了暂停。"), ("resume", "在送"), ("end", "停用了")):
        admin.post(f"{path}/{step}", follow=True)
        assert words in admin.words
    reader = visit(place.supervisor, language="en")
    reader.get(path)
    assert "Settled up to" in reader.words
    assert 'method="post"' not in reader.page.partition("<main")[2], "who only sees it is offered no step"
