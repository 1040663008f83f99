-- The limit of R1: one prepared call that confirms a redemption and writes the same rows as the verb behind HTTP does.
-- It does what the engine must do: find a replay, check state, time, agreement and both balances, under the same locks
-- in the same order. It leaves out what only the house does: HTTP, sign-in, rights, schemas.

CREATE UNLOGGED TABLE bench_confirmations (
    n bigint PRIMARY KEY,
    community_id uuid, person_id uuid, redemption_id uuid,
    wallet_id uuid, takings_id uuid, fund_account_id uuid, payable_id uuid,
    route text, key text, fingerprint bytea, digest bytea, request_id text, origin text, session_id uuid, answer text
);

CREATE FUNCTION bench_confirm(number bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    asked bench_confirmations%ROWTYPE;
    it record;
    money holds%ROWTYPE;
    moment timestamptz := clock_timestamp();
    day date := (moment AT TIME ZONE 'Asia/Shanghai')::date;
    digest bytea;
BEGIN
    SELECT * INTO STRICT asked FROM bench_confirmations WHERE n = number;
    INSERT INTO once_keys (community_id, actor_id, route, key, fingerprint, digest, status, answer, created_at)
    VALUES (asked.community_id, asked.person_id, asked.route, asked.key, asked.fingerprint, asked.digest, 200, asked.answer, moment)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN (
            SELECT answer FROM once_keys
            WHERE community_id = asked.community_id AND actor_id = asked.person_id
              AND route = asked.route AND key = asked.key AND fingerprint = asked.fingerprint
        );
    END IF;

    SELECT r.*, a.state AS agreement_state, v.rate_fen, v.rate_points INTO STRICT it
    FROM redemptions r
    JOIN agreements a ON a.community_id = r.community_id AND a.id = r.agreement_id
    JOIN agreement_versions v
      ON v.community_id = r.community_id AND v.agreement_id = r.agreement_id AND v.version = r.agreement_version
    WHERE r.community_id = asked.community_id AND r.id = asked.redemption_id;
    IF it.state <> 'reserved' OR it.expires_at <= moment OR it.agreement_state <> 'active' THEN
        RAISE EXCEPTION 'not confirmable: %', it.state;
    END IF;
    digest := sha256(convert_to(concat_ws(
        ',', it.id, it.offer_id, it.offer_version, it.agreement_id, it.agreement_version, it.rate_fen, it.rate_points,
        it.quantity, it.points, it.gross_fen
    ), 'UTF8'));

    UPDATE balances SET balance = balance - it.points, held = held - it.points, spent = spent + it.points
    WHERE community_id = asked.community_id AND account_id = asked.wallet_id AND slot = 0
      AND balance >= held AND held >= it.points;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'insufficient points';
    END IF;
    SELECT * INTO STRICT money FROM holds
    WHERE community_id = asked.community_id AND source_type = 'redemption' AND source_id = it.id
      AND account_id = asked.fund_account_id;
    UPDATE balances SET balance = balance - it.gross_fen, held = held - it.gross_fen
    WHERE community_id = asked.community_id AND account_id = asked.fund_account_id AND slot = money.slot
      AND balance >= held AND held >= it.gross_fen;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'insufficient funds';
    END IF;
    UPDATE holds SET state = 'posted', ended_at = moment
    WHERE community_id = asked.community_id AND source_type = 'redemption' AND source_id = it.id
      AND state = 'placed' AND expires_at > clock_timestamp();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'hold ended';
    END IF;

    INSERT INTO transfers (
        community_id, id, code, unit, debit_account_id, credit_account_id, amount, effective_at, recorded_at,
        source_type, source_id, part, source_digest, reverses_id, actor_id, on_behalf_of, expires_on, request_digest
    ) VALUES
        (asked.community_id, bench_id(), 'redeem', 'points', asked.wallet_id, asked.takings_id, it.points, moment, moment,
         'redemption', it.id, 0, digest, NULL, asked.person_id, NULL, NULL, asked.digest),
        (asked.community_id, bench_id(), 'redeem', 'fen', asked.fund_account_id, asked.payable_id, it.gross_fen, moment,
         moment, 'redemption', it.id, 1, digest, NULL, asked.person_id, NULL, NULL, asked.digest);
    INSERT INTO rollups (community_id, account_id, level, starts_on, amount, earned, spent)
    SELECT asked.community_id, asked.wallet_id, level, starts_on, -it.points, 0, it.points
    FROM (VALUES ('day', day), ('month', date_trunc('month', day)::date), ('year', date_trunc('year', day)::date))
      AS period (level, starts_on)
    ON CONFLICT (community_id, account_id, level, starts_on)
    DO UPDATE SET amount = rollups.amount + EXCLUDED.amount, spent = rollups.spent + EXCLUDED.spent;
    UPDATE redemptions SET state = 'confirmed', confirmed_at = moment, confirmed_by = asked.person_id
    WHERE community_id = asked.community_id AND id = it.id AND state = 'reserved';
    INSERT INTO audit_lines (
        community_id, id, at, actor_id, on_behalf_of, action, thing_id, outcome, request_id, origin, session_id, detail
    ) VALUES (
        asked.community_id, bench_id(), moment, asked.person_id, NULL, 'rewards.confirm', it.id, 'done',
        asked.request_id, asked.origin, asked.session_id, json_build_object('points', it.points, 'gross_fen', it.gross_fen)
    );
    INSERT INTO outbox_events (community_id, id, at, kind, payload, xid) VALUES (
        asked.community_id, bench_id(), moment, 'redemption.confirmed', json_build_object(
            'redemption_id', replace(it.id::text, '-', ''), 'merchant_id', replace(it.merchant_id::text, '-', '')
        ), pg_current_xact_id()::text::bigint
    );
    RETURN asked.answer;
END $$;
