-- Every statement of the adapter, by name. `{schema}` is filled in once.

-- Owning shards

-- name: new_owner
select gen_random_uuid()::text

-- name: claim
insert into {schema}.shards (shard, owner) select shard, $2 from unnest($1::smallint[]) as claimed (shard)
on conflict (shard) do update set owner = excluded.owner

-- Committing. One statement, made of `commit_begin`, those of the parts that the batch has rows for, and `commit_end`;
-- each part counts its own parameters from $1. All of it is stored, or `refuse` or a unique index ends all of it.

-- name: commit_begin
with tick as (
  select (pg_current_xact_id()::text::bigint + base) << 20 as position from {schema}.clock)
-- The fence: a claim under way waits for this lock, or this lock for the claim, and then it sees the new owner.
, owned as (
  select shard from {schema}.shards where shard = any ($1::smallint[]) and owner = $2 order by shard for share)
-- Heads move up by as many turns as the batch holds; where that ends tells whether they started where they should.
, heads as (
  insert into {schema}.actors as a (actor, shard, version, retirement)
  select * from unnest($3::text[], $4::smallint[], $5::bigint[], $6::smallint[])
  on conflict (actor) do update set version = a.version + excluded.version,
    retirement = case excluded.retirement when 0 then a.retirement else excluded.retirement end
  returning actor, version)
-- And so do the last numbers of sessions, but for those that have expired.
, showing as (
  insert into {schema}.sessions as s (owner, session, shard, last, ended_at)
  select * from unnest($7::text[], $8::text[], $9::smallint[], $10::bigint[], $11::bigint[])
  on conflict (owner, session) do update set last = s.last + excluded.last,
    ended_at = coalesce(excluded.ended_at, s.ended_at)
  where s.form < 2
  returning owner, session, last)

-- name: commit_checks
select case
  when (select count(*) from owned) <> $1::integer then {schema}.refuse()
  when coalesce((select array_agg(version order by actor) from heads), '{}') <> $2::bigint[] then {schema}.refuse()
  when coalesce((select array_agg(last order by owner, session) from showing), '{}') <> $3::bigint[]
    then {schema}.refuse()

-- name: mail_check
  when (select count(*) from mail_done) <> $1::integer then {schema}.refuse()

-- name: commit_end
  else (select position from tick) end

-- name: turns
, turns as (
  insert into {schema}.turns (position, actor, version, shard, at, command_id, digest, outcome, body)
  select (select position from tick) + n, actor, version, shard, at, command_id, digest, outcome, body
  from unnest($1::bigint[], $2::text[], $3::bigint[], $4::smallint[], $5::bigint[], $6::text[], $7::bytea[], $8::bytea[],
    $9::bytea[]) as t (n, actor, version, shard, at, command_id, digest, outcome, body))

-- name: session_events
, session_events as (
  insert into {schema}.session_events (owner, session, number, name, body, at, terminal)
  select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bytea[], $6::bigint[], $7::boolean[]))

-- name: snapshots
, snapshots as (
  insert into {schema}.snapshots (actor, version, body) select * from unnest($1::text[], $2::bigint[], $3::bytea[])
  on conflict (actor) do update set version = excluded.version, body = excluded.body)

-- name: opened
, opened as (
  insert into {schema}.open_commands (position, actor, command_id, reply_to, outcome)
  select (select position from tick) + n, actor, command_id, reply_to, outcome
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bytea[]) as o (n, actor, command_id, reply_to, outcome))

-- name: concluded
, concluded as (
  update {schema}.open_commands o set outcome = c.outcome
  from unnest($1::text[], $2::text[], $3::bytea[]) as c (actor, command_id, outcome)
  where o.actor = c.actor and o.command_id = c.command_id and o.outcome is null)

-- name: mail_done
, mail_done as (
  delete from {schema}.mail m using unnest($1::text[], $2::text[]) as d (target, id)
  where m.target = d.target and m.id = d.id returning m.id)

-- name: mail
, mail as (
  insert into {schema}.mail (position, target, id, shard, digest, body)
  select (select position from tick) + n, target, id, shard, digest, body
  from unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[], $5::bytea[], $6::bytea[])
    as m (n, target, id, shard, digest, body)
  on conflict (target, id) do nothing)

-- name: timers_cleared
, timers_cleared as (
  delete from {schema}.timers t using unnest($1::text[], $2::text[], $3::bigint[]) as c (actor, name, generation)
  where t.actor = c.actor and t.name = c.name and t.generation <= c.generation)

-- name: timers
, timers as (
  insert into {schema}.timers as t (actor, name, shard, generation, due, body)
  select * from unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bytea[])
  on conflict (actor, name) do update set generation = excluded.generation, due = excluded.due, body = excluded.body
  where t.generation < excluded.generation)

-- name: effects
, effects as (
  insert into {schema}.effects (position, id, actor, shard, type, runner, body, state, ended_at)
  select (select position from tick) + n, id, actor, shard, type, runner, body, state, ended_at
  from unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::bytea[], $8::smallint[],
    $9::bigint[]) as e (n, id, actor, shard, type, runner, body, state, ended_at)
  on conflict (id) do update set position = excluded.position, actor = excluded.actor, shard = excluded.shard,
    type = excluded.type, runner = excluded.runner, body = excluded.body, state = excluded.state,
    ended_at = excluded.ended_at)

-- name: effects_ended
, effects_ended as (
  update {schema}.effects e set state = d.state, ended_at = d.ended_at
  from unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[]) as d (id, actor, state, ended_at)
  where e.id = d.id and e.actor = d.actor and e.state = 0)

-- Attributes follow a document only where it is newer than what is stored.
-- name: documents
, documents as (
  insert into {schema}.documents as d (name, scope, key, actor, version, written_at, body)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[])
  on conflict (name, scope, key) do update set actor = excluded.actor, version = excluded.version,
    written_at = excluded.written_at, body = excluded.body
  where d.version < excluded.version)

-- name: attributes
, reindexed as materialized (
  select w.name, w.scope, w.key, w.index
  from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::jsonb[]) as w (name, scope, key, version, index)
  where w.version > coalesce((
    select d.version from {schema}.documents d where d.name = w.name and d.scope = w.scope and d.key = w.key), 0))
, attributes_gone as (
  delete from {schema}.attributes a using reindexed w
  where a.name = w.name and a.scope = w.scope and a.key = w.key and not (w.index ? a.attribute))
, attributes as (
  insert into {schema}.attributes (name, scope, key, attribute, value)
  select w.name, w.scope, w.key, i.key, i.value from reindexed w cross join lateral jsonb_each_text(w.index) as i
  where i.value is distinct from (select a.value from {schema}.attributes a
    where a.name = w.name and a.scope = w.scope and a.key = w.key and a.attribute = i.key)
  on conflict (name, scope, key, attribute) do update set value = excluded.value)

-- name: dead_letters
, dead_letters as (
  insert into {schema}.dead_letters (position, id, actor, reason, body, at)
  select (select position from tick) + n, id, actor, reason, body, at
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bigint[])
    as l (n, id, actor, reason, body, at)
  on conflict (id) do update set position = excluded.position, actor = excluded.actor, reason = excluded.reason,
    body = excluded.body, at = excluded.at)

-- Finding out why a batch was refused

-- name: suspects
select c.actor from unnest($2::text[], $3::smallint[]) as c (actor, shard)
  left join {schema}.shards s on s.shard = c.shard where s.owner is distinct from $1
union
select c.actor from unnest($4::text[], $5::bigint[]) as c (actor, version)
  left join {schema}.actors a on a.actor = c.actor where coalesce(a.version, 0) <> c.version
union
select c.actor from unnest($6::text[], $7::text[]) as c (actor, command_id)
  join {schema}.turns t on t.actor = c.actor and t.command_id = c.command_id
union
select c.owner from unnest($8::text[], $9::text[], $10::bigint[]) as c (owner, session, last)
  left join {schema}.sessions s on s.owner = c.owner and s.session = c.session
  where coalesce(s.last, 0) <> c.last or s.form = 2
union
select c.target from unnest($11::text[], $12::text[]) as c (target, id)
  left join {schema}.mail m on m.target = c.target and m.id = c.id where m.id is null

-- name: turn
select body, command_id, digest, outcome from {schema}.turns where actor = $1 and version = $2

-- name: has_command
select exists (select from {schema}.turns where actor = $1 and command_id = $2)

-- name: session_event
select session, number, name, body, at, terminal from {schema}.session_events
where owner = $1 and session = $2 and number = $3

-- name: lost_shards
select shard from unnest($1::smallint[]) as claimed (shard)
except select shard from {schema}.shards where owner = $2

-- name: is_owned
select exists (select from {schema}.shards where shard = $1 and owner = $2)

-- Mail from outside a turn

-- Mail for a shard that was claimed is left out when the shard is lost; the lock is that of `commit_begin`.
-- name: accept
with tick as (select (pg_current_xact_id()::text::bigint + base) << 20 as position from {schema}.clock)
, owned as (
  select shard from {schema}.shards where shard = any ($7::smallint[]) and owner = $8 order by shard for share)
insert into {schema}.mail (position, target, id, shard, digest, body)
select (select position from tick) + n, target, id, shard, digest, body
from unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[], $5::bytea[], $6::bytea[])
  as m (n, target, id, shard, digest, body)
where m.shard <> all ($7) or m.shard = any (array(select shard from owned))
on conflict (target, id) do nothing
returning target, id, digest

-- name: mail_digests
select m.target, m.id, m.digest from unnest($1::text[], $2::text[]) as w (target, id)
join {schema}.mail m on m.target = w.target and m.id = w.id

-- Reading back

-- name: load
select a.version, a.retirement, s.version as snapshot_version, s.body as snapshot,
  array(select row (version, body) from {schema}.turns
    where actor = $1 and version > coalesce(s.version, 0) and a.retirement <> 3 order by version) as turns,
  array(select row (actor, name, generation, due, body) from {schema}.timers
    where actor = $1 order by due, name) as timers,
  array(select row (actor, id, type, body, runner) from {schema}.effects
    where actor = $1 and state = 0 order by position) as effects,
  array(select row (command_id, reply_to) from {schema}.open_commands
    where actor = $1 and outcome is null order by position) as open_commands,
  array(select row (session, last, ended_at is not null) from {schema}.sessions
    where owner = $1 order by session) as sessions
from (values ($1::text)) as wanted (actor)
left join {schema}.actors a using (actor) left join {schema}.snapshots s using (actor)

-- name: history
select position, actor, version, at, body from {schema}.turns where actor = $1 and version > $2 order by version limit $3

-- name: outcome
select t.version, t.digest, coalesce(t.outcome, o.outcome) as outcome, t.erased
from {schema}.turns t left join {schema}.open_commands o using (actor, command_id)
where t.actor = $1 and t.command_id = $2

-- name: waiting_mail
select id, target, shard, body, digest, position from {schema}.mail
where position > $1 and shard = any (array(select shard from {schema}.shards where owner = $3)) order by position limit $2

-- name: open_effects
select actor, id, type, body, runner from {schema}.effects
where state = 0 and shard = any (array(select shard from {schema}.shards where owner = $1)) order by position

-- name: take
update {schema}.effects set runner = $2 where id = any ($1::text[])

-- name: due
select actor, name, generation, due, body from {schema}.timers
where due <= $1 and shard = any (array(select shard from {schema}.shards where owner = $3)) order by due, actor, name limit $2

-- A transaction that still runs may yet fill in a row below those that are there: reading stops before it.
-- name: feed
select position, actor, version, at, body,
  position < (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + (select base from {schema}.clock)) << 20 as settled
from {schema}.turns where position > $1 order by position limit $2

-- Showing

-- name: session
select exists (select from {schema}.sessions where owner = $1 and session = $2 and ended_at is not null) as ended,
  array(select row (session, number, name, body, at, terminal) from {schema}.session_events
    where owner = $1 and session = $2 and number > $3 order by number limit $4) as events

-- name: document
select name, scope, key, version, written_at, body from {schema}.documents
where name = $1 and scope = $2 and key = $3 and body is not null

-- Lists, in six forms: from `documents` by key, from one attribute that must match by key, or by the value of one. Each
-- reads one index in its order from the place where it goes on, looks whatever else is asked for up row by row, and stops
-- at the limit: what it costs does not hang on what the planner makes of the data. Then follow as many `list_where` as
-- there are further attributes to match, and an end.

-- name: list_by_key
select l.name, l.scope, l.key, l.version, l.written_at, l.body, null as value from {schema}.documents l
where l.name = $1 and l.scope = $2 and l.key > $3 and l.body is not null

-- name: list_by_key_descending
select l.name, l.scope, l.key, l.version, l.written_at, l.body, null as value from {schema}.documents l
where l.name = $1 and l.scope = $2 and l.key < $3 and l.body is not null

-- name: list_by_match
select d.name, d.scope, d.key, d.version, d.written_at, d.body, null as value from {schema}.attributes l
join {schema}.documents d on d.name = l.name and d.scope = l.scope and d.key = l.key
where l.name || ' ' || l.scope = $1 || ' ' || $2 and l.attribute = $4 and l.key > $3
  and left(l.value, 100) = left($5, 100) and l.value = $5 and d.body is not null

-- name: list_by_match_descending
select d.name, d.scope, d.key, d.version, d.written_at, d.body, null as value from {schema}.attributes l
join {schema}.documents d on d.name = l.name and d.scope = l.scope and d.key = l.key
where l.name || ' ' || l.scope = $1 || ' ' || $2 and l.attribute = $4 and l.key < $3
  and left(l.value, 100) = left($5, 100) and l.value = $5 and d.body is not null

-- name: list_by_value
select d.name, d.scope, d.key, d.version, d.written_at, d.body, l.value from {schema}.attributes l
join {schema}.documents d on d.name = l.name and d.scope = l.scope and d.key = l.key
where l.name || ' ' || l.scope = $1 || ' ' || $2 and l.attribute = $4
  and left(l.value, 100) >= left($5, 100) and (l.value, l.key) > ($5, $3) and d.body is not null

-- name: list_by_value_descending
select d.name, d.scope, d.key, d.version, d.written_at, d.body, l.value from {schema}.attributes l
join {schema}.documents d on d.name = l.name and d.scope = l.scope and d.key = l.key
where l.name || ' ' || l.scope = $1 || ' ' || $2 and l.attribute = $4
  and left(l.value, 100) <= left($5, 100) and (l.value, l.key) < ($5, $3) and d.body is not null

-- name: list_where
and (select w.value from {schema}.attributes w
  where w.name = l.name and w.scope = l.scope and w.key = l.key and w.attribute = $1) = $2

-- name: list_end_by_key
order by l.key limit $1

-- name: list_end_by_key_descending
order by l.key desc limit $1

-- name: list_end_by_value
order by left(l.value, 100), l.value, l.key limit $1

-- name: list_end_by_value_descending
order by left(l.value, 100) desc, l.value desc, l.key desc limit $1

-- name: all_documents
select name, scope, key, version, written_at, body,
  array(select row (attribute, value) from {schema}.attributes a
    where a.name = d.name and a.scope = d.scope and a.key = d.key) as attributes
from {schema}.documents d
where name = $1 and (scope, key) > ($2, $3) and body is not null order by scope, key limit $4

-- name: checkpoint
select position, parked from {schema}.checkpoints where projector = $1

-- A projector has no time of its own: its documents count as written when the newest turn was.
-- name: newest_time
select coalesce((select at from {schema}.turns order by position desc limit 1), 0)

-- Made of `project_begin`, `documents` and `attributes` as above, and `project_end`.
-- name: project_begin
with owned as (select shard from {schema}.shards where owner = $1 limit 1 for share)
, checkpoint as (
  insert into {schema}.checkpoints as c (projector, position, parked) select $2, $3, $4
  where $5 = 0 or exists (select from {schema}.checkpoints where projector = $2)
  on conflict (projector) do update set position = excluded.position, parked = excluded.parked where c.position = $5
  returning projector)

-- name: project_end
select case when exists (select from checkpoint) and (exists (select from owned) or not $1::boolean) then 0
  else {schema}.refuse() end

-- The checkpoint first, on its own: its lock keeps out whatever of the projector is under way.
-- name: reset_checkpoint
insert into {schema}.checkpoints (projector, position, parked) values ($1, 0, '')
on conflict (projector) do update set position = 0, parked = ''

-- name: remove_documents
with attributes as (delete from {schema}.attributes where name = any ($1::text[]))
delete from {schema}.documents where name = any ($1::text[])

-- name: replace_documents
with held as (
  select t.at from {schema}.actors a join {schema}.turns t using (actor, version)
  where a.actor = $1 and a.version = $2 and a.retirement <> 3 for share of a)
, wanted as materialized (
  select w.*, held.at
  from held cross join unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::bytea[], $8::jsonb[])
    as w (name, scope, key, version, body, index))
, documents as (
  insert into {schema}.documents (name, scope, key, actor, version, written_at, body)
  select name, scope, key, $1, version, at, body from wanted
  on conflict (name, scope, key) do update set actor = excluded.actor, version = excluded.version,
    written_at = excluded.written_at, body = excluded.body)
, attributes_gone as (
  delete from {schema}.attributes a using wanted w
  where a.name = w.name and a.scope = w.scope and a.key = w.key and not (w.index ? a.attribute))
, attributes as (
  insert into {schema}.attributes (name, scope, key, attribute, value)
  select w.name, w.scope, w.key, i.key, i.value from wanted w cross join lateral jsonb_each_text(w.index) as i
  on conflict (name, scope, key, attribute) do update set value = excluded.value)
select exists (select from held)

-- Keeping house

-- Renaming a kind: for every table and column with the name of an actor, from the first name of the old kind up to the
-- last. Mail that waits under both names is the same.

-- name: actor_of_both_kinds
select o.actor from (
  select actor from {schema}.actors union select owner from {schema}.sessions) as o
join (select actor from {schema}.actors union select owner from {schema}.sessions) as n
  on n.actor = $3 || substr(o.actor, length($1) + 1)
where o.actor >= $1 and o.actor < $2 limit 1

-- name: actors_of_kind
select count(*) from (
  select actor from {schema}.actors union select owner from {schema}.sessions) as o
where o.actor >= $1 and o.actor < $2

-- name: mail_of_both_kinds
delete from {schema}.mail m using {schema}.mail n
where m.target >= $1 and m.target < $2 and n.target = $3 || substr(m.target, length($1) + 1) and n.id = m.id

-- name: rename
update {schema}.{table} set {column} = $3 || substr({column}, length($1) + 1) where {column} >= $1 and {column} < $2

-- name: actors
select actor from {schema}.actors where actor > $1 and ($2::text is null or actor < $2) order by actor limit $3

-- name: dead_letters_newest
select id, actor, reason, body, at from {schema}.dead_letters order by at desc, position desc limit $1

-- name: sessions_ended
select owner, session from {schema}.sessions where form = 0 and ended_at < $1 order by ended_at limit $2

-- name: rewrite_session
with marked as (
  update {schema}.sessions set form = 1 where owner = $1 and session = $2 and form = 0 returning owner, session)
, gone as (
  delete from {schema}.session_events e using marked m
  where e.owner = m.owner and e.session = m.session and number <> all ($3::bigint[]))
insert into {schema}.session_events as e (owner, session, number, name, body, at, terminal)
select owner, session, number, name, body, at, terminal
from marked cross join
  unnest($3::bigint[], $4::text[], $5::bytea[], $6::bigint[], $7::boolean[]) as n (number, name, body, at, terminal)
on conflict (owner, session, number) do update set name = excluded.name, body = excluded.body, at = excluded.at,
  terminal = excluded.terminal

-- name: expire_sessions
with expired as (
  update {schema}.sessions set form = 2
  where form in (0, 1) and ended_at < $2 and ($1 = '' or starts_with(owner, $1 || '/')) returning owner, session)
, events as (
  delete from {schema}.session_events e using expired x where e.owner = x.owner and e.session = x.session)
select count(*) from expired

-- name: sweep
with letters as (delete from {schema}.dead_letters where at < $1 returning id)
, effects as (delete from {schema}.effects where state <> 0 and ended_at < $1 returning id)
select (select count(*) from letters) + (select count(*) from effects)

-- name: erasable
select actor from {schema}.actors where retirement = 2 order by actor

-- name: erase
with turns as (update {schema}.turns set body = '', outcome = null, erased = true where actor = $1)
, snapshots as (delete from {schema}.snapshots where actor = $1)
, open_commands as (delete from {schema}.open_commands where actor = $1)
, timers as (delete from {schema}.timers where actor = $1)
, effects as (delete from {schema}.effects where actor = $1)
, sessions as (delete from {schema}.sessions where owner = $1)
, session_events as (delete from {schema}.session_events where owner = $1)
, dead_letters as (delete from {schema}.dead_letters where actor = $1)
, attributes as (
  delete from {schema}.attributes a using {schema}.documents d
  where d.actor = $1 and a.name = d.name and a.scope = d.scope and a.key = d.key)
, documents as (delete from {schema}.documents where actor = $1)
update {schema}.actors set retirement = 3 where actor = $1

-- A command that is still open keeps its row in `open_commands`, and is not called erased: its outcome is yet to come.
-- name: erase_through
with turns as (
  update {schema}.turns t set body = '', outcome = null, erased = not exists (
    select from {schema}.open_commands o where o.actor = t.actor and o.command_id = t.command_id and o.outcome is null)
  where t.actor = $1 and t.version <= $2)
, open_commands as (
  delete from {schema}.open_commands o using {schema}.turns t
  where t.actor = $1 and t.version <= $2 and o.actor = $1 and o.command_id = t.command_id and o.outcome is not null)
insert into {schema}.snapshots as s (actor, version, body) select $1, $3::bigint, $4::bytea where $3 is not null
on conflict (actor) do update set version = excluded.version, body = excluded.body where s.version <= excluded.version

-- name: compact
vacuum (analyze) {schema}.actors, {schema}.turns, {schema}.snapshots, {schema}.open_commands, {schema}.mail,
  {schema}.timers, {schema}.effects, {schema}.documents, {schema}.attributes, {schema}.sessions, {schema}.session_events,
  {schema}.checkpoints, {schema}.dead_letters, {schema}.blobs, {schema}.shards

-- name: info
select (select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint from pg_class c
    where c.relnamespace = to_regnamespace($1) and c.relkind = 'r') as size,
  (select coalesce(max(position), 0) from {schema}.turns) as last_position,
  (select count(*) from {schema}.actors) as actors,
  (select count(*) from {schema}.turns) as turns,
  (select count(*) from {schema}.mail) as mail,
  (select count(*) from {schema}.timers) as timers,
  (select count(*) from {schema}.effects) as effects,
  (select count(*) from {schema}.documents where body is not null) as documents,
  (select count(*) from {schema}.sessions where form < 2) as sessions,
  (select count(*) from {schema}.session_events) as session_events,
  (select count(*) from {schema}.dead_letters) as dead_letters

-- name: check
select format('%s: the head says version %s, the log ends at %s and has %s rows', a.actor, a.version, t.last, t.rows)
from {schema}.actors a
cross join lateral (
  select coalesce(max(version), 0) as last, count(*) as rows from {schema}.turns where actor = a.actor) as t
where a.version <> t.last or a.version <> t.rows
union all
select format('%s: its log has no head', actor) from {schema}.turns t where version = 1
  and not exists (select from {schema}.actors a where a.actor = t.actor)
union all
select format('%s: the snapshot is of version %s, past the head', actor, s.version) from {schema}.snapshots s
where not exists (select from {schema}.actors a where a.actor = s.actor and a.version >= s.version)
union all
select format('%s: command %L is open, but no turn has it', actor, command_id) from {schema}.open_commands o
where not exists (select from {schema}.turns t where t.actor = o.actor and t.command_id = o.command_id)
union all
select format('%s: session %L has event %s, past its last number', owner, session, number) from {schema}.session_events e
where not exists (select from {schema}.sessions s where s.owner = e.owner and s.session = e.session and s.last >= e.number)
union all
select format('%s of %s, %L: an attribute without a document', attribute, name, key) from {schema}.attributes a
where not exists (select from {schema}.documents d where d.name = a.name and d.scope = a.scope and d.key = a.key)
order by 1

-- Blobs, for `aevatar.blobs.postgres`

-- name: put_blob
insert into {schema}.blobs (owner, id, media_type, data, put_at) values ($1, $2, $3, $4, $5)
on conflict (owner, id) do update set media_type = excluded.media_type, data = excluded.data, put_at = excluded.put_at

-- name: blob
select media_type, data from {schema}.blobs where owner = $1 and id = $2

-- What is put meanwhile is spared, and a row that was put again has a new time.
-- name: erase_blobs
delete from {schema}.blobs where owner = $1 and ($2::bigint is null or put_at <= $2)
  and not exists (select from {schema}.blobs later where later.owner = $1 and later.put_at > $2)

-- name: blob_owners
select owner from {schema}.blobs group by owner having max(put_at) > $1 and max(put_at) <= $2
