-- code from: 1

-- Bytes that are too long for the log, each owned by one actor. They have mostly been compressed by whoever made them.
create table {schema}.blobs (
  put_at bigint not null,
  owner text collate "C" not null,
  id text collate "C" not null,
  media_type text not null,
  data bytea not null,
  primary key (owner, id)
);
alter table {schema}.blobs alter column data set storage external;
