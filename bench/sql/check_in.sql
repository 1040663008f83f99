-- The limit of R2: one prepared call that checks a member in by the poster and writes the same rows as the verb behind
-- HTTP does: replay, the activity and the member under their locks, no other visit in the way.

CREATE UNLOGGED TABLE bench_checkins (
    n bigint PRIMARY KEY,
    community_id uuid, person_id uuid, member_id uuid, activity_id uuid, poster_code text,
    route text, key text, fingerprint bytea, digest bytea, request_id text, origin text, session_id uuid, answer text
);

CREATE FUNCTION bench_check_in(number bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    asked bench_checkins%ROWTYPE;
    site record;
    moment timestamptz := clock_timestamp();
    visits bigint;
    in_the_way boolean;
    new_id uuid := bench_id();
    member_state text;
BEGIN
    SELECT * INTO STRICT asked FROM bench_checkins WHERE n = number;
    INSERT INTO once_keys (community_id, actor_id, route, key, fingerprint, digest, status, answer, created_at)
    VALUES (asked.community_id, asked.person_id, asked.route, asked.key, asked.fingerprint, asked.digest, 201, asked.answer, moment)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN (
            SELECT answer FROM once_keys
            WHERE community_id = asked.community_id AND actor_id = asked.person_id
              AND route = asked.route AND key = asked.key AND fingerprint = asked.fingerprint
        );
    END IF;

    SELECT a.*, u.path INTO STRICT site
    FROM activities a JOIN units u ON u.community_id = a.community_id AND u.id = a.unit_id
    WHERE a.community_id = asked.community_id AND a.id = asked.activity_id FOR KEY SHARE OF a;
    SELECT m.state INTO STRICT member_state
    FROM members m JOIN units u ON u.community_id = m.community_id AND u.id = m.unit_id
    WHERE m.community_id = asked.community_id AND m.id = asked.member_id FOR NO KEY UPDATE OF m;
    IF member_state <> 'active' OR site.state <> 'planned' OR site.poster_code <> asked.poster_code
       OR moment NOT BETWEEN site.starts_at - interval '12 hours' AND site.ends_at + interval '12 hours' THEN
        RAISE EXCEPTION 'cannot be checked in';
    END IF;
    SELECT count(*) FILTER (WHERE c.activity_id = asked.activity_id),
           coalesce(bool_or(c.state NOT IN ('returned', 'void')
               AND (c.activity_id = asked.activity_id OR c.left_at IS NULL OR c.left_at > moment)), false)
    INTO visits, in_the_way
    FROM checkins c
    WHERE c.community_id = asked.community_id AND c.member_id = asked.member_id
      AND (c.activity_id = asked.activity_id OR c.state = 'open' OR c.arrived_at >= moment - interval '48 hours');
    IF in_the_way THEN
        RAISE EXCEPTION 'another visit is in the way';
    END IF;

    INSERT INTO checkins (
        community_id, id, activity_id, member_id, visit, unit_path, state, evidence, reasons, arrived_at, left_at,
        received_at, minutes, distance_bucket, note, recorded_by, closed_by, on_behalf_of
    ) VALUES (
        asked.community_id, new_id, asked.activity_id, asked.member_id, visits + 1, site.path, 'open', 'poster', '[]',
        moment, NULL, moment, NULL, NULL, NULL, asked.person_id, NULL, NULL
    );
    INSERT INTO audit_lines (
        community_id, id, at, actor_id, on_behalf_of, action, thing_id, outcome, request_id, origin, session_id, detail
    ) VALUES (
        asked.community_id, bench_id(), moment, asked.person_id, NULL, 'service.check_in', new_id, 'done',
        asked.request_id, asked.origin, asked.session_id, json_build_object('evidence', 'poster')
    );
    INSERT INTO outbox_events (community_id, id, at, kind, payload, xid) VALUES (
        asked.community_id, bench_id(), moment, 'checkin.recorded', json_build_object(
            'checkin_id', replace(new_id::text, '-', ''), 'member_id', replace(asked.member_id::text, '-', '')
        ), pg_current_xact_id()::text::bigint
    );
    RETURN asked.answer;
END $$;
