-- The limit of R3: one prepared call that stamps a hundred visits and writes the same rows as the verb behind HTTP does:
-- replay, the visits, their members and their balances under locks in the house's order, the rule of the day, stamps,
-- awards and hours, one audit line, an event for each. Everything is set-based: it takes as many statements as for one.

CREATE UNLOGGED TABLE bench_stampings (
    n bigint PRIMARY KEY,
    community_id uuid, person_id uuid, issuance_id uuid, hours_issuance_id uuid,
    checkin_ids uuid[], member_ids uuid[], wallet_ids uuid[], hours_ids uuid[], debt_ids uuid[],
    route text, key text, fingerprint bytea, digest bytea, request_id text, origin text, session_id uuid, answer text
);

CREATE FUNCTION bench_stamp(number bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    asked bench_stampings%ROWTYPE;
    moment timestamptz := clock_timestamp();
    day date := (moment AT TIME ZONE 'Asia/Shanghai')::date;
    batch uuid := bench_id();
    household uuid;
    many int;
BEGIN
    SELECT * INTO STRICT asked FROM bench_stampings WHERE n = number;
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

    PERFORM 1 FROM checkins c
    WHERE c.community_id = asked.community_id AND c.id = ANY (asked.checkin_ids) ORDER BY c.id FOR UPDATE;
    PERFORM 1 FROM members m
    WHERE m.community_id = asked.community_id AND m.id = ANY (asked.member_ids) ORDER BY m.id FOR NO KEY UPDATE;
    SELECT m.household_id INTO household
    FROM members m WHERE m.community_id = asked.community_id AND m.person_id = asked.person_id;
    SELECT count(*) INTO many
    FROM checkins c JOIN members m ON m.community_id = c.community_id AND m.id = c.member_id
    WHERE c.community_id = asked.community_id AND c.id = ANY (asked.checkin_ids) AND c.state = 'pending'
      AND m.person_id <> asked.person_id AND m.merged_into IS NULL AND m.household_id IS DISTINCT FROM coalesce(household, m.id)
      AND c.recorded_by <> asked.person_id AND c.closed_by IS DISTINCT FROM asked.person_id;
    IF many <> cardinality(asked.checkin_ids) THEN
        RAISE EXCEPTION 'only % can be stamped', many;
    END IF;
    PERFORM 1 FROM balances
    WHERE community_id = asked.community_id AND account_id = ANY (asked.wallet_ids) ORDER BY account_id FOR UPDATE;
    PERFORM 1 FROM balances
    WHERE community_id = asked.community_id AND account_id = ANY (asked.hours_ids) ORDER BY account_id FOR UPDATE;
    IF EXISTS (
        SELECT FROM balances WHERE community_id = asked.community_id AND account_id = ANY (asked.debt_ids) AND balance < 0
    ) OR EXISTS (SELECT FROM expiry_policies WHERE community_id = asked.community_id) THEN
        RAISE EXCEPTION 'a debt or a date: the limit knows neither';
    END IF;

    INSERT INTO stamp_batches (community_id, id, decision, note, stamped_at, actor_id)
    VALUES (asked.community_id, batch, 'stamp', '', moment, asked.person_id);
    UPDATE checkins SET state = 'stamped' WHERE community_id = asked.community_id AND id = ANY (asked.checkin_ids);
    WITH visit AS (
        SELECT c.*, a.programme_id, greatest(c.arrived_at, a.starts_at) AS begins_at, whose.wallet_id, whose.hours_id, whose.place
        FROM unnest(asked.checkin_ids, asked.wallet_ids, asked.hours_ids) WITH ORDINALITY
          AS whose (checkin_id, wallet_id, hours_id, place)
        JOIN checkins c ON c.community_id = asked.community_id AND c.id = whose.checkin_id
        JOIN activities a ON a.community_id = c.community_id AND a.id = c.activity_id
    ), award AS (
        SELECT visit.*, r.version AS rule_version, r.points, bench_id() AS stamp_id,
            sha256(convert_to(concat_ws(
                ',', visit.id, visit.activity_id, visit.member_id, visit.arrived_at, visit.left_at, visit.received_at,
                visit.minutes, visit.evidence, visit.reasons, visit.recorded_by, r.programme_id, r.version, r.points
            ), 'UTF8')) AS digest
        FROM visit JOIN programme_rules r
          ON r.community_id = asked.community_id AND r.programme_id = visit.programme_id AND r.basis = 'per_visit'
            AND r.version = coalesce((
                SELECT max(version) FROM programme_rules newer
                WHERE newer.community_id = asked.community_id AND newer.programme_id = visit.programme_id
                  AND newer.created_at <= visit.begins_at
            ), 1)
    ), stamped AS (
        INSERT INTO stamps (
            community_id, id, batch_id, checkin_id, decision, counts, points, minutes, programme_id, rule_version,
            credited_on, explanation, explanation_en, stamped_at, actor_id
        )
        SELECT asked.community_id, stamp_id, batch, id, 'stamp', true, points, minutes, programme_id, rule_version,
            (begins_at AT TIME ZONE 'Asia/Shanghai')::date, format('1 次 × %s = %s 朵', points, points),
            format('1 visit × %s = %s flowers', points, points), moment, asked.person_id
        FROM award
    ), paid AS (
        INSERT INTO transfers (
            community_id, id, code, unit, debit_account_id, credit_account_id, amount, effective_at, recorded_at,
            source_type, source_id, part, source_digest, reverses_id, actor_id, on_behalf_of, expires_on, request_digest
        )
        SELECT asked.community_id, bench_id(), leg.code, leg.unit, leg.debit, leg.credit, leg.amount, moment, moment,
            'stamp', stamp_id, 0, digest, NULL, asked.person_id, NULL, NULL, asked.digest
        FROM award CROSS JOIN LATERAL (VALUES
            ('award', 'points', asked.issuance_id, wallet_id, points),
            ('hours', 'minutes', asked.hours_issuance_id, hours_id, minutes)
        ) AS leg (code, unit, debit, credit, amount)
        ORDER BY place
    ), rolled AS (
        INSERT INTO rollups (community_id, account_id, level, starts_on, amount, earned, spent)
        SELECT asked.community_id, leg.account_id, level, starts_on, sum(leg.amount), sum(leg.earned), 0
        FROM award
        CROSS JOIN LATERAL (VALUES (wallet_id, points, points), (hours_id, minutes, 0)) AS leg (account_id, amount, earned)
        CROSS JOIN (VALUES ('day', day), ('month', date_trunc('month', day)::date), ('year', date_trunc('year', day)::date))
          AS period (level, starts_on)
        GROUP BY leg.account_id, level, starts_on ORDER BY leg.account_id, level, starts_on
        ON CONFLICT (community_id, account_id, level, starts_on)
        DO UPDATE SET amount = rollups.amount + EXCLUDED.amount, earned = rollups.earned + EXCLUDED.earned
    ), told AS (
        INSERT INTO outbox_events (community_id, id, at, kind, payload, xid)
        SELECT asked.community_id, bench_id(), moment, 'checkin.stamped', json_build_object(
            'checkin_id', replace(id::text, '-', ''), 'member_id', replace(member_id::text, '-', ''),
            'points', points, 'minutes', minutes
        ), pg_current_xact_id()::text::bigint
        FROM award ORDER BY place
    )
    UPDATE balances b SET balance = b.balance + leg.amount, earned = b.earned + leg.earned
    FROM (
        SELECT account_id, sum(amount) AS amount, sum(earned) AS earned
        FROM award
        CROSS JOIN LATERAL (VALUES (wallet_id, points, points), (hours_id, minutes, 0)) AS one (account_id, amount, earned)
        GROUP BY account_id
    ) AS leg
    WHERE b.community_id = asked.community_id AND b.account_id = leg.account_id AND b.slot = 0;
    INSERT INTO audit_lines (
        community_id, id, at, actor_id, on_behalf_of, action, thing_id, outcome, request_id, origin, session_id, detail
    ) VALUES (
        asked.community_id, bench_id(), moment, asked.person_id, NULL, 'service.stamp_checkins', batch, 'done',
        asked.request_id, asked.origin, asked.session_id, json_build_object('count', many, 'of', cardinality(asked.checkin_ids))
    );
    RETURN asked.answer;
END $$;
