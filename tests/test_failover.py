"""The house on three PostgreSQL nodes under Patroni loses its leader under load (ADR 0042); figures with `-s`."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask

from ledger.book import merkle
from ledger.book.seals import seal
from ledger.book.tree import StoredTree, size_of
from ledger.core import clock
from ledger.core.db import db
from tests.conftest import Database, house_on
from tests.errands import Customer, assert_each_bought_once
from tests.failover.cluster import TTL, Cluster, Network
from tests.ledger.rewards.street import Street, open_street
from tests.serving import Server

pytestmark = [pytest.mark.night, pytest.mark.timeout(600)]

CLIENTS = 6


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def network() -> Iterator[Network]:
    if os.geteuid() != 0:
        pytest.skip("only root may give each node a wire of its own")
    made = Network()
    try:
        yield made
    finally:
        made.undo()


@pytest.fixture
def apart(network: Network) -> Iterator[Cluster]:
    """Three nodes, each behind a wire of its own."""
    made = Cluster(network)
    try:
        yield made
    finally:
        made.stop()


class ClusterDatabase(Database):
    def __init__(self, cluster: Cluster) -> None:
        cluster.create_database()
        self.url = cluster.url


def switch_over(cluster: Cluster) -> None:
    leader = cluster.leader()
    assert leader is not None
    status, said = leader.ask("/switchover", {"leader": leader.name})
    assert status == 200, said


def kill_leader(cluster: Cluster) -> None:
    leader = cluster.leader()
    assert leader is not None
    leader.kill()


def kill_postgres(cluster: Cluster) -> None:
    leader = cluster.leader()
    assert leader is not None
    leader.kill_postgres()


@pytest.mark.parametrize(
    ("fault", "longest", "left"),
    [(switch_over, 20, 3), (kill_postgres, 20, 3), (kill_leader, TTL + 5, 2)],
    ids=["switchover", "kill -9 of PostgreSQL", "kill -9 of the machine"],
)
def test_a_lost_leader_loses_nothing_and_doubles_nothing(
    cluster: Cluster, tmp_path: Path, fault: Callable[[Cluster], None], longest: float, left: int
) -> None:
    lose_nothing(cluster, tmp_path, fault, longest=longest, left=left)


def test_a_leader_that_is_cut_off_from_the_others_acknowledges_nothing_that_is_lost(
    network: Network, apart: Cluster, tmp_path: Path
) -> None:
    """The house still reaches it, and it thinks that it leads until its lease is over."""

    def cut_off_leader(cluster: Cluster) -> None:
        leader = cluster.leader()
        assert leader is not None
        network.cut_off(leader, [node for node in cluster.nodes if node is not leader])
        cluster.wait_for(lambda: cluster.leader(but=leader) is not None, seconds=90)
        time.sleep(4)
        network.mend()

    lose_nothing(apart, tmp_path, cut_off_leader, longest=TTL + 20, left=3)


def lose_nothing(
    cluster: Cluster, folder: Path, fault: Callable[[Cluster], None], *, longest: float, left: int
) -> None:
    app = house_on(ClusterDatabase(cluster))
    with app.app_context():
        try:
            street = open_street(at=clock.now(), fund_fen=100_000_000)
            clock.move_to(None)
            served(app, street, cluster, folder, fault, longest=longest, left=left)
        finally:
            db.session.remove()
            db.engine.dispose()


def served(
    app: Flask, street: Street, cluster: Cluster, folder: Path, fault: Callable[[Cluster], None], *, longest: float,
    left: int,
) -> None:  # fmt: skip
    clients = [Customer(street, number) for number in range(CLIENTS)]
    poster = street.poster.code
    seal(street.id)
    kept = merkle_head(street)
    db.session.remove()
    server = Server(cluster.url, app.config["SECRET_KEY"], folder)
    server.start()
    stopped = threading.Event()
    try:
        with ThreadPoolExecutor(CLIENTS) as pool:
            runs = [pool.submit(client.work, server, poster, stopped) for client in clients]
            time.sleep(4)
            failed = time.monotonic()
            try:
                lost = cluster.leader()
                fault(cluster)
                cluster.wait_for(lambda: cluster.leader(but=lost) is not None, seconds=90)
                led = time.monotonic() - failed
                cluster.wait_until_safe(left, seconds=90)
                time.sleep(4)
            finally:
                stopped.set()
            for run in runs:
                run.result()
    finally:
        server.kill()
    moments = sorted(moment for client in clients for moment in client.acknowledged)
    gap = max(later - earlier for earlier, later in pairwise(moments))
    done = [errand for client in clients for errand in client.errands]
    unsure = sum(client.unsure for client in clients)
    sys.stdout.write(f"\n{fault.__name__}: {len(done)} redemptions, longest gap {gap:.1f} s, {unsure} asked again\n")
    sys.stdout.write(f"another leader after {led:.1f} s\n")
    assert_each_bought_once(done)
    assert moments[-1] > failed
    assert gap <= longest
    continues(street, kept)


Head = tuple[int, bytes]


def merkle_head(street: Street) -> Head:
    """Size and root of what is sealed now, as an auditor keeps them elsewhere."""
    size = size_of(street.id)
    return size, merkle.root(size, StoredTree(street.id).node)


def continues(street: Street, kept: Head) -> None:
    """What was sealed before the fault is the beginning of what is sealed afterwards."""
    seal(street.id)
    size, root = merkle_head(street)
    proof = merkle.consistency_proof(kept[0], size, StoredTree(street.id).node)
    assert size > kept[0] > 0
    assert merkle.is_consistent(kept[0], size, proof=proof, old_root=kept[1], new_root=root)
