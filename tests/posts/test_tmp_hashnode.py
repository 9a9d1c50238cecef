from __future__ import annotations
import pytest, requests
from posts import connecting, scheduling, publishing
from posts.moments import moment_at
from posts.models import Channel
from tests.posts.conftest import history, publish
from datetime import UTC
pytestmark = [pytest.mark.engine, pytest.mark.django_db]

def order(street, path, **b):
    a = requests.post(f"{street.url}/_sandbox/{path}", json={"platform":"hashnode", **b}, timeout=5); assert a.ok, a.text

@pytest.fixture
def channel(street, workspace, clock):
    c = connecting.connect(workspace, "hashnode", "H", {"token":"sandbox-hashnode-single-key"}, {"base_url": f"{street.url}/hashnode", "publication": ""})
    print(connecting.verify(c.pk, clock)); c.refresh_from_db()
    assert c.status == "open", c.problem
    assert c.settings["publication"]
    return c

def counts(street, d):
    return requests.get(f"{street.url}/_sandbox/counts?platform=hashnode").json().get(str(d.key))

@pytest.mark.parametrize("cache",[True,False])
@pytest.mark.parametrize("call",["create","update","flip"])
@pytest.mark.parametrize("when",["before","after"])
@pytest.mark.parametrize("kind",["close","html","half_json","status"])
def test_story(channel, scheduled, clock, street, call, when, kind, cache):
    order(street,"switches",switch="cache",on=cache)
    d = scheduled(channel)
    more = {"status":500} if kind=="status" else {}
    order(street,"faults",call=call,fault=kind,when=when,times=1,**more)
    d = publish(clock, d, moves=6)
    print(call,when,kind,cache,d.status,d.message,history(d),counts(street,d))
    assert counts(street,d)["public"]==1
    assert d.status=="published"
    order(street,"switches",switch="cache",on=True)

def test_two_publications_ask(street, workspace, clock):
    c = connecting.connect(workspace, "hashnode", "H", {"token":"sandbox-hashnode-key"}, {"base_url": f"{street.url}/hashnode", "publication": ""})
    print(connecting.verify(c.pk, clock)); c.refresh_from_db(); print(c.status,c.problem,c.problem_field,c.choices)
    c2 = connecting.connect(workspace, "hashnode", "H2", {"token":"sandbox-hashnode-free-key"}, {"base_url": f"{street.url}/hashnode", "publication": ""})
    print(connecting.verify(c2.pk, clock)); c2.refresh_from_db(); print(c2.status,c2.problem,c2.problem_field,c2.choices)

def test_deleted_draft(channel, scheduled, clock, street):
    d = scheduled(channel)
    order(street,"faults",call="flip",fault="status",status=503,when="before",times=None)
    publishing.drain(clock); d.refresh_from_db(); print(d.status, d.remote_id)
    requests.delete(f"{street.url}/_sandbox/faults")
    type(d).objects.filter(pk=d.pk).update(remote_id="0"*24)
    order(street,"faults",call="look",fault="status",status=503,when="before",times=1)
    d = publish(clock,d,moves=6); print(d.status,d.message,d.remote_id,history(d),counts(street,d))
