-- A document whose attributes change touches the rows of those that do: the rows lie far apart, each on a page of its own.
-- oldest code: 1

drop trigger documents_changed;

create trigger documents_changed after update of attributes on documents when new.attributes is not old.attributes
begin
  delete from document_index
  where name = old.name and scope = old.scope and key = old.key
    and (attribute, value) in (
      select was.key, was.value from json_each(old.attributes) as was
      where was.value is not (select value from json_each(new.attributes) as now where now.key = was.key));
  insert into document_index
  select new.name, new.scope, now.key, now.value, new.key from json_each(new.attributes) as now
  where now.value is not (select value from json_each(old.attributes) as was where was.key = now.key);
end;
