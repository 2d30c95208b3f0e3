-- code from: 1

-- What a position is made of: `(transaction id + base) << 20`, and the place within the transaction. So the order of
-- positions is the order of transactions, and "everything below the oldest running transaction" is a range of them.
-- The base is raised when a copy is opened on a server whose transaction ids are younger than those it was made with.
create table {schema}.clock (base bigint not null);
insert into {schema}.clock values (0);

-- Who may commit: the owner that claimed a shard last. Each open journal is an owner of its own.
create table {schema}.shards (shard smallint primary key, owner text not null);

-- The head of each actor's log. Rows are updated with every turn, hence the room left on a page.
create table {schema}.actors (
  version bigint not null,
  shard smallint not null,
  retirement smallint not null,
  actor text collate "C" primary key
) with (fillfactor = 70);
create index actors_to_erase on {schema}.actors (actor) where retirement = 2;

-- The log. Never updated, but for erasure.
create table {schema}.turns (
  position bigint not null,
  version bigint not null,
  at bigint not null,
  shard smallint not null,
  erased boolean not null default false,
  actor text collate "C" not null,
  command_id text collate "C",
  digest bytea not null,
  outcome bytea,
  body bytea not null,
  primary key (actor, version)
);
create unique index turns_by_position on {schema}.turns (position);
create unique index turns_by_command on {schema}.turns (actor, command_id) where command_id is not null;

create table {schema}.snapshots (
  version bigint not null,
  actor text collate "C" primary key,
  body bytea not null
);

-- Commands that were left open by their turn. Their outcome comes here, so that the log need not change.
create table {schema}.open_commands (
  position bigint not null,
  actor text collate "C" not null,
  command_id text collate "C" not null,
  reply_to text not null,
  outcome bytea,
  primary key (actor, command_id)
);

create table {schema}.mail (
  position bigint not null,
  shard smallint not null,
  target text collate "C" not null,
  id text collate "C" not null,
  digest bytea not null,
  body bytea not null,
  primary key (target, id)
);
create index mail_by_position on {schema}.mail (position);

create table {schema}.timers (
  generation bigint not null,
  due bigint not null,
  shard smallint not null,
  actor text collate "C" not null,
  name text collate "C" not null,
  body bytea not null,
  primary key (actor, name)
);
create index timers_by_due on {schema}.timers (due, actor, name);

create table {schema}.effects (
  position bigint not null,
  ended_at bigint,
  shard smallint not null,
  state smallint not null,
  id text collate "C" primary key,
  actor text collate "C" not null,
  type text not null,
  runner text not null default '',
  body bytea not null
);
create index effects_open on {schema}.effects (actor, position) where state = 0;

-- A deleted document leaves its version behind, with no body, so that no older write brings it back.
create table {schema}.documents (
  version bigint not null,
  written_at bigint not null,
  name text collate "C" not null,
  scope text collate "C" not null,
  key text collate "C" not null,
  actor text collate "C" not null,
  body bytea,
  primary key (name, scope, key)
) with (fillfactor = 70);
create index documents_by_actor on {schema}.documents (actor) where actor <> '';

-- The value is one text for numbers and words alike, and sorts as they do. The index for lists holds its beginning only,
-- because an entry has a largest size; and it holds name and scope as one, or it would pass for the primary key with a
-- planner that has not seen much of the table yet.
create table {schema}.attributes (
  name text collate "C" not null,
  scope text collate "C" not null,
  key text collate "C" not null,
  attribute text collate "C" not null,
  value text collate "C" not null,
  primary key (name, scope, key, attribute)
);
create index attributes_by_value on {schema}.attributes ((name || ' ' || scope), attribute, left(value, 100), key);

-- `form` is 0 as long as the events are as they were shown, 1 once they are folded, and 2 once they have expired: then
-- only this row is left, so that the session stays ended and no number is used twice. `last` outlives the events.
create table {schema}.sessions (
  last bigint not null,
  ended_at bigint,
  shard smallint not null,
  form smallint not null default 0,
  owner text collate "C" not null,
  session text collate "C" not null,
  primary key (owner, session)
) with (fillfactor = 70);
create index sessions_ended on {schema}.sessions (form, ended_at) where ended_at is not null;

create table {schema}.session_events (
  number bigint not null,
  at bigint not null,
  terminal boolean not null,
  owner text collate "C" not null,
  session text collate "C" not null,
  name text not null,
  body bytea not null,
  primary key (owner, session, number)
);

create table {schema}.checkpoints (
  position bigint not null,
  projector text collate "C" primary key,
  parked text not null
);

create table {schema}.dead_letters (
  position bigint not null,
  at bigint not null,
  id text collate "C" primary key,
  actor text collate "C" not null,
  reason text not null,
  body bytea not null
);
create index dead_letters_by_time on {schema}.dead_letters (at, position);

-- Ends the statement that calls it, so that nothing of a batch is stored unless all of it may be.
create function {schema}.refuse() returns bigint language plpgsql as $$
begin
  raise exception 'the batch is refused as a whole' using errcode = 'AEV01';
end
$$;
