"""R9's peer: django-hordak, a double-entry ledger by an ORM, in a process of its own with threads of its own.

Read from standard input: a plan, and later a line to start. Asked for accounts it makes them and prints their ids;
given shares to spend it prints "ready" once every thread has spent once, then the seconds of the rest.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

PRICE, EACH = 20, 1_000_000
CURRENCY = "CNY"


def set_up(database: dict[str, str]) -> None:
    """Django is there, with hordak's tables in this PostgreSQL database and connections that stay open."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "mptt", "djmoney", "hordak"],
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": None} | database},
        CURRENCIES=(CURRENCY,),
        DEFAULT_CURRENCY=CURRENCY,
        HORDAK_INTERNAL_CURRENCY=CURRENCY,
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def settle(wallets: int, shops: int) -> dict[str, list[int]]:
    """So many wallets with money in them, and so many shops."""
    from django.db import transaction
    from hordak.models import Account
    from moneyed import Money

    def opened(name: str, kind: str) -> Any:
        return Account.objects.create(name=name, type=kind, currencies=[CURRENCY])

    with transaction.atomic():
        promised = opened("promised", "EQ")
        purses = [opened(f"wallet {n}", "AS") for n in range(wallets)]
        for purse in purses:
            promised.transfer_to(purse, Money(EACH, CURRENCY))
        return {
            "wallets": [purse.pk for purse in purses],
            "shops": [opened(f"shop {n}", "AS").pk for n in range(shops)],
        }


def spend(wallet_id: int, shop_id: int) -> None:
    """What the wallet holds is looked at under its lock, then the price goes to the shop."""
    from django.db import transaction
    from hordak.models import Account
    from moneyed import Money

    price = Money(PRICE, CURRENCY)
    with transaction.atomic():
        wallet = Account.objects.select_for_update().get(pk=wallet_id)
        if wallet.get_simple_balance() < price:
            raise RuntimeError("the wallet is empty")
        wallet.transfer_to(Account.objects.get(pk=shop_id), price)


def run(shares: Sequence[Sequence[tuple[int, int]]]) -> float:
    """Each thread spends its share, the first of it before the clock runs; the seconds of the rest."""
    gate, faults = threading.Barrier(len(shares) + 1), list[str]()

    def work(share: Sequence[tuple[int, int]]) -> None:
        try:
            spend(*share[0])
            gate.wait()
            gate.wait()
            for pair in share[1:]:
                spend(*pair)
        except Exception as fault:  # Whatever it is, the round is void.
            faults.append(repr(fault))
            gate.abort()

    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    started = 0.0
    with suppress(threading.BrokenBarrierError):
        gate.wait()
        print("ready", flush=True)
        sys.stdin.readline()
        started = time.perf_counter()
        gate.wait()
    for thread in threads:
        thread.join()
    if faults:
        raise SystemExit(faults[0])
    return time.perf_counter() - started


def main() -> None:
    plan = json.loads(sys.stdin.readline())
    set_up(plan["database"])
    print(json.dumps(run(plan["shares"]) if "shares" in plan else settle(plan["wallets"], plan["shops"])))


if __name__ == "__main__":
    main()
