"""The query for a page of documents, whose joins depend on what is asked.

Everything that comes from outside is a parameter, names of attributes included.
"""

from __future__ import annotations

from aevatar.journal.records import DocumentQuery
from aevatar.journal.sqlite.sql import SqlValue


def documents_query(query: DocumentQuery) -> tuple[str, dict[str, SqlValue]]:
    """The statement and its parameters; a row is key, version, time, body, and the value ordered by."""
    values: dict[str, SqlValue] = {"name": query.name, "scope": query.scope, "limit": query.limit}
    tables, conditions = list[str](), list[str]()
    if query.order is not None:
        tables.append("document_index as place")
        conditions.append("place.attribute = :order_by")
        values["order_by"] = query.order
    for number, (attribute, value) in enumerate(query.where.items()):
        tables.append(f"document_index as match_{number}")
        conditions.append(f"match_{number}.attribute = :attribute_{number} and match_{number}.value = :value_{number}")
        values |= {f"attribute_{number}": attribute, f"value_{number}": value}
    tables.append("documents as document")
    conditions.append("document.body is not null")
    aliases = [table.rpartition(" ")[2] for table in tables]
    conditions += [f"{alias}.name = :name and {alias}.scope = :scope" for alias in aliases]
    conditions += [f"{alias}.key = {aliases[0]}.key" for alias in aliases[1:]]

    place = [f"{aliases[0]}.key"] if query.order is None else ["place.value", "place.key"]
    if query.after is not None:
        conditions.append(_beyond(place, descending=query.descending))
        values |= {"after_value": query.after[0], "after_key": query.after[1]}
    direction = " desc" if query.descending else ""
    # The first table is the one whose index has the rows in order; a cross join keeps it first.
    statement = f"""
        select document.key, version, written_at, body, {"null" if query.order is None else "place.value"}
        from {" cross join ".join(tables)}
        where {" and ".join(conditions)}
        order by {", ".join(column + direction for column in place)} limit :limit"""  # noqa: S608 - made of our own words
    return statement, values


def _beyond(place: list[str], *, descending: bool) -> str:
    seen = [":after_value", ":after_key"][-len(place) :]
    return f"({', '.join(place)}) {'<' if descending else '>'} ({', '.join(seen)})"
