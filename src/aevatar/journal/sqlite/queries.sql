-- What the adapter asks of the schema in `migrations/`. Where rows end in `, ...` any number of them is given.
-- Reads that may answer many rows come packed in one: their columns as JSON, their bodies joined (see reading.py).

-- name: find_actors
select json_group_array(json_array(id, pk, ifnull((select max(version) from turns where actor = actors.pk), 0)))
from actors where id in (select value from json_each(?))

-- name: find_sessions
select json_group_array(json_array(actor, sessions.id, pk,
  max(last_gone, ifnull((select max(number) from session_events where session = pk), 0)), form = 2))
from json_each(?) as wanted
cross join sessions on actor = json_extract(wanted.value, '$[0]') and sessions.id = json_extract(wanted.value, '$[1]')

-- name: next_keys
select (select ifnull(max(pk), 0) + 1 from actors), (select ifnull(max(pk), 0) + 1 from sessions)


-- A batch

-- name: add_actors
insert into actors (pk, id, shard) values (?, ?, ?), ...

-- name: add_turns
insert into turns (actor, version, at, command_id, digest, opened, outcome, body) values (?, ?, ?, ?, ?, ?, ?, ?), ...

-- name: set_snapshots
insert into snapshots (actor, version, state) values (?, ?, ?), ...
on conflict (actor) do update set version = excluded.version, state = excluded.state

-- name: retire_actors
with retired (actor, retirement) as (values (?, ?), ...)
update actors set retirement = retired.retirement from retired where actors.pk = retired.actor

-- name: open_commands
insert into open_commands (actor, command_id, reply_to) values (?, ?, ?), ...

-- name: conclude_commands
with concluded (actor, command_id, outcome) as (values (?, ?, ?), ...)
update turns set outcome = concluded.outcome from concluded
where turns.command_id = concluded.command_id and turns.actor = concluded.actor and exists (
  select 1 from open_commands as open where open.actor = concluded.actor and open.command_id = concluded.command_id)

-- name: close_commands
with closed (actor, command_id) as (values (?, ?), ...)
delete from open_commands where position in (select position from closed join open_commands using (actor, command_id))

-- name: tick_off_mail
with done (id, target) as (values (?, ?), ...)
delete from mail where position in (select position from done join mail using (id, target))

-- name: post_mail
insert into mail (id, target, shard, digest, body) values (?, ?, ?, ?, ?), ...

-- name: post_new_mail
insert into mail (id, target, shard, digest, body) values (?, ?, ?, ?, ?), ... on conflict do nothing

-- name: clear_timers
with cleared (actor, name, generation) as (values (?, ?, ?), ...)
delete from timers where (actor, name) in (
  select timer.actor, timer.name from cleared join timers timer using (actor, name)
  where timer.generation <= cleared.generation)

-- name: set_timers
insert into timers (actor, name, shard, generation, due, body) values (?, ?, ?, ?, ?, ?), ...
on conflict (actor, name) do update set generation = excluded.generation, due = excluded.due, body = excluded.body
where excluded.generation > timers.generation

-- name: start_effects
insert into effects (id, actor, shard, type, body, runner, state, ended_at) values (?, ?, ?, ?, ?, ?, ?, ?), ...
on conflict (id) do update set actor = excluded.actor, shard = excluded.shard, type = excluded.type,
  body = excluded.body, runner = excluded.runner, state = excluded.state, ended_at = excluded.ended_at

-- name: end_effects
with ended (id, actor, state, at) as (values (?, ?, ?, ?), ...)
update effects set state = ended.state, ended_at = ended.at from ended
where effects.id = ended.id and effects.actor = ended.actor and effects.state = 0

-- name: write_documents
insert into documents (name, scope, key, actor, version, written_at, attributes, body)
values (?, ?, ?, ?, ?, ?, ?, ?), ...
on conflict (name, scope, key) do update set version = excluded.version, written_at = excluded.written_at,
  attributes = ifnull(excluded.attributes, attributes), body = excluded.body
where excluded.version > documents.version

-- name: add_sessions
insert into sessions (pk, actor, id) values (?, ?, ?), ...

-- name: add_session_events
insert into session_events (session, number, name, body, at, terminal) values (?, ?, ?, ?, ?, ?), ...

-- name: end_sessions
with ended (session, at) as (values (?, ?), ...)
update sessions set ended_at = ended.at from ended where sessions.pk = ended.session

-- name: bury
insert into dead_letters (id, actor, reason, body, at) values (?, ?, ?, ?, ?), ...
on conflict (id) do update set actor = excluded.actor, reason = excluded.reason, body = excluded.body, at = excluded.at


-- Verdicts

-- name: turn_of_version
select command_id, digest, opened, outcome, body from turns where actor = ? and version = ?

-- name: knows_command
select 1 from turns where command_id = ? and actor = ?

-- name: session_event
select name, body, at, terminal from session_events where session = ? and number = ?

-- name: digest_of_mail
select digest from mail where id = ? and target = ?


-- Reading back

-- name: actor
select pk, retirement, ifnull((select max(version) from turns where actor = pk), 0), ifnull(snapshots.version, 0), state
from actors left join snapshots on actor = pk where id = ?

-- name: turns_after
select json_group_array(json_array(version, length(body))), cast(group_concat(body, '') as blob)
from (select version, body from turns where actor = ? and version > ? order by version)

-- name: timers_of_actor
select name, generation, due, body from timers where actor = ? order by due, name

-- name: effects_of_actor
select id, type, body, runner from effects where actor = ? and state = 0 order by position

-- name: open_commands_of_actor
select command_id, reply_to from open_commands where actor = ? order by position

-- name: sessions_of_actor
select json_group_array(json_array(id,
  max(last_gone, ifnull((select max(number) from session_events where session = pk), 0)), ended_at is not null))
from sessions where actor = ?

-- name: history
select json_group_array(json_array(position, version, at, length(body))), cast(group_concat(body, '') as blob)
from (
  select position, version, at, body from turns
  where actor = (select pk from actors where id = ?) and version > ? order by version limit ?)

-- name: feed
select json_group_array(json_array(position, id, version, at, length(body))), cast(group_concat(body, '') as blob)
from (
  select position, id, version, at, body from turns join actors on pk = actor
  where position > ? order by position limit ?)

-- name: outcome
select version, digest, outcome, outcome is null and version <= erased_through
  and not exists (select 1 from open_commands where actor = pk and open_commands.command_id = turns.command_id)
from turns join actors on pk = actor where turns.command_id = ? and id = ?

-- name: mail
select id, target, shard, body, digest, position from mail
where position > ? and shard in (select value from json_each(?)) order by position limit ?

-- name: effects
select actors.id, effects.id, type, body, runner from effects join actors on pk = actor
where state = 0 and effects.shard in (select value from json_each(?)) order by position

-- name: due
select id, name, generation, due, body from timers join actors on pk = actor
where due <= ? and timers.shard in (select value from json_each(?)) order by due, id, name limit ?


-- Showing

-- name: session
select pk, ended_at is not null from sessions where actor = (select pk from actors where id = ?) and id = ?

-- name: session_events
select json_group_array(json_array(number, name, at, terminal, length(body))), cast(group_concat(body, '') as blob)
from (
  select number, name, at, terminal, body from session_events
  where session = ? and number > ? order by number limit ?)

-- name: document
select version, written_at, body from documents where name = ? and scope = ? and key = ? and body is not null

-- name: all_documents
select scope, key, version, written_at, body, attributes from documents
where name = ? and (scope, key) > (?, ?) and body is not null order by scope, key limit ?

-- name: checkpoint
select position, parked from checkpoints where projector = ?

-- name: newest_time
select at from turns order by position desc limit 1

-- name: set_checkpoint
insert into checkpoints (projector, position, parked) values (?, ?, ?)
on conflict (projector) do update set position = excluded.position, parked = excluded.parked

-- name: remove_documents
delete from documents where name in (select value from json_each(?))

-- name: end_of_log
select pk, version, at from actors join turns on actor = pk
where id = ? and retirement <> 3 order by version desc limit 1

-- name: remove_document
delete from documents where name = ? and scope = ? and key = ?


-- Keeping house

-- name: take_effects
update effects set runner = ? where id in (select value from json_each(?))

-- name: remove_bare_actors
delete from actors where (id between :old || '/' and :old || '0' or id between :new || '/' and :new || '0')
  and not exists (select 1 from turns where actor = pk) and not exists (select 1 from sessions where actor = actors.pk)

-- name: actor_of_both_kinds
select id from actors as older where id between :old || '/' and :old || '0'
  and exists (select 1 from actors where id = :new || substr(older.id, length(:old) + 1)) limit 1

-- name: rename_actors
update actors set id = :new || substr(id, length(:old) + 1) where id between :old || '/' and :old || '0'

-- name: rename_mail
update or replace mail set target = :new || substr(target, length(:old) + 1)
where target between :old || '/' and :old || '0'

-- name: rename_dead_letters
update dead_letters set actor = :new || substr(actor, length(:old) + 1)
where actor between :old || '/' and :old || '0'

-- name: actors
select json_group_array(id) from (
  select id from actors where id > ? and id < ? and exists (select 1 from turns where actor = pk) order by id limit ?)

-- name: dead_letters
select id, actor, reason, body, at from dead_letters order by at desc, position limit ?

-- name: sessions_ended
select actors.id, sessions.id from sessions join actors on actors.pk = actor
where form = 0 and ended_at < ? order by ended_at limit ?

-- name: forget_session_events
delete from session_events where session = ?

-- name: mark_folded
update sessions set form = 1,
  last_gone = max(last_gone, ifnull((select max(number) from session_events where session = pk), 0))
where pk = ? and form = 0

-- name: expire_sessions
update sessions set form = 2,
  last_gone = max(last_gone, ifnull((select max(number) from session_events where session = pk), 0))
where pk in (
  select sessions.pk from sessions join actors on actors.pk = actor
  where form in (0, 1) and ended_at < ? and actors.id > ? and actors.id < ? limit ?)
returning pk

-- name: remove_session_events
delete from session_events where session in (select value from json_each(?))

-- name: sweep_dead_letters
delete from dead_letters where position in (select position from dead_letters where at < ? limit ?)

-- name: sweep_effects
delete from effects where position in (select position from effects where state <> 0 and ended_at < ? limit ?)

-- name: erasable
select json_group_array(id) from (select id from actors where retirement = 2 order by pk)

-- name: empty_turns
update turns set body = x'', outcome = null where actor = ? and version <= ?

-- name: note_erasure
update actors set erased_through = max(erased_through, ?) where pk = ?

-- name: put_snapshot
insert into snapshots (actor, version, state) values (?, ?, ?)
on conflict (actor) do update set version = excluded.version, state = excluded.state
where excluded.version >= snapshots.version

-- name: mark_erased
update actors set retirement = 3 where pk = ? and exists (select 1 from turns where actor = pk)

-- name: erase_snapshot
delete from snapshots where actor = ?

-- name: erase_open_commands
delete from open_commands where actor = ?

-- name: erase_timers
delete from timers where actor = ?

-- name: erase_effects
delete from effects where actor = ?

-- name: erase_sessions
delete from sessions where actor = ?

-- name: erase_documents
delete from documents where actor = ?

-- name: erase_dead_letters
delete from dead_letters where actor = (select id from actors where pk = ?)

-- name: count_rows
select
  (select count(*) from actors where exists (select 1 from turns where actor = pk)) as actors,
  (select count(*) from turns) as turns,
  (select count(*) from mail) as mail,
  (select count(*) from timers) as timers,
  (select count(*) from effects) as effects,
  (select count(*) from documents where body is not null) as documents,
  (select count(*) from sessions where form < 2) as sessions,
  (select count(*) from session_events) as session_events,
  (select count(*) from dead_letters) as dead_letters,
  (select ifnull(max(position), 0) from turns) as last_position
