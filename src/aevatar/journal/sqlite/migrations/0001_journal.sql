-- The journal: one log of all actors, and what belongs to them beside it.
-- oldest code: 1

-- What was done to this file. `oldest_code` is the newest migration that code must know of to use the file after this one:
-- an additive migration repeats the number before it, and code of the release before goes on working.
create table migrations (
  number integer primary key,
  name text not null,
  applied_at text not null,
  oldest_code integer not null
);

-- The version of an actor is that of its last turn; one without a turn has shown something, or is nothing at all.
create table actors (
  pk integer primary key,
  id text not null unique,
  shard integer not null,
  retirement integer not null default 0,
  erased_through integer not null default 0
);
create index actors_to_erase on actors (retirement) where retirement = 2;

-- The log. Rows are emptied but never deleted, so a position is never used twice.
create table turns (
  position integer primary key,
  actor integer not null references actors,
  version integer not null,
  at integer not null,
  command_id text,
  digest blob not null,
  opened integer not null,
  outcome blob,
  body blob not null
);
create unique index turns_of_actor on turns (actor, version);
-- The command id comes first: ids that rise with time then land on one page of the index, not on one for each actor, and
-- commits write half as much.
create unique index turns_of_command on turns (command_id, actor) where command_id is not null;

create table snapshots (
  actor integer primary key references actors,
  version integer not null,
  state blob not null
);

-- Commands that were left open and are not concluded.
create table open_commands (
  position integer primary key,
  actor integer not null references actors,
  command_id text not null,
  reply_to text not null,
  unique (actor, command_id)
);

create table mail (
  position integer primary key autoincrement,
  id text not null,
  target text not null,
  shard integer not null,
  digest blob not null,
  body blob not null,
  unique (id, target)
);

create table timers (
  actor integer not null references actors,
  name text not null,
  shard integer not null,
  generation integer not null,
  due integer not null,
  body blob not null,
  primary key (actor, name)
) without rowid;
create index timers_by_due on timers (due);

-- The ledger of effects. `runner` is who runs it.
create table effects (
  position integer primary key,
  id text not null unique,
  actor integer not null references actors,
  shard integer not null,
  type text not null,
  body blob not null,
  runner text not null default '',
  state integer not null,
  ended_at integer
);
create index effects_of_actor on effects (actor, state);
create index effects_open on effects (position) where state = 0;
create index effects_ended on effects (ended_at) where state <> 0;

-- A deleted document stays as a row without a body, so that no older write brings it back.
create table documents (
  name text not null,
  scope text not null,
  key text not null,
  actor integer references actors,
  version integer not null,
  written_at integer not null,
  attributes text,
  body blob,
  primary key (name, scope, key)
) without rowid;
create index documents_of_actor on documents (actor) where actor is not null;

-- One row for each attribute of a document. The triggers keep it, and touch it only when the attributes are others.
create table document_index (
  name text not null,
  scope text not null,
  attribute text not null,
  value not null,
  key text not null,
  primary key (name, scope, attribute, value, key)
) without rowid;

create trigger documents_inserted after insert on documents when new.attributes is not null
begin
  insert into document_index
  select new.name, new.scope, entry.key, entry.value, new.key from json_each(new.attributes) as entry;
end;

create trigger documents_changed after update of attributes on documents when new.attributes is not old.attributes
begin
  delete from document_index
  where name = old.name and scope = old.scope and key = old.key
    and (attribute, value) in (select entry.key, entry.value from json_each(old.attributes) as entry);
  insert into document_index
  select new.name, new.scope, entry.key, entry.value, new.key from json_each(new.attributes) as entry;
end;

create trigger documents_deleted after delete on documents when old.attributes is not null
begin
  delete from document_index
  where name = old.name and scope = old.scope and key = old.key
    and (attribute, value) in (select entry.key, entry.value from json_each(old.attributes) as entry);
end;

-- `form` is 0 as long as the events are as they were shown, 1 once they are folded, and 2 once they have expired: then
-- only this row is left, so that the session stays ended and no number is used twice. `last_gone` is the last number
-- there was when events were folded or expired; without it the last number is that of the last event. So a token that is
-- shown costs one row, and no change here.
create table sessions (
  pk integer primary key,
  actor integer not null references actors,
  id text not null,
  form integer not null default 0,
  last_gone integer not null default 0,
  ended_at integer,
  unique (actor, id)
);
create index sessions_ended on sessions (form, ended_at) where ended_at is not null;

create table session_events (
  session integer not null references sessions on delete cascade,
  number integer not null,
  name text not null,
  body blob not null,
  at integer not null,
  terminal integer not null,
  primary key (session, number)
) without rowid;

create table checkpoints (
  projector text primary key,
  position integer not null,
  parked text not null
) without rowid;

create table dead_letters (
  position integer primary key,
  id text not null unique,
  actor text not null,
  reason text not null,
  body blob not null,
  at integer not null
);
