"""What every room stands on: transactions, ids, time, money, refusals, tenants, rights, idempotency, audit."""
