"""Orders in PostgreSQL: one table, and two programs that share it: worker.py writes, orders.py reads."""

import os

import psycopg2

TABLE = """
create table if not exists orders (
  id uuid primary key,
  shopper text not null,
  items jsonb not null,
  cents integer not null,
  taken timestamptz not null default now()
)"""


def connect():
    """PGHOST, PGUSER, PGPASSWORD and PGDATABASE say where, as for every PostgreSQL program."""
    connection = psycopg2.connect(connect_timeout=2, application_name=os.environ.get("HOSTNAME", "shop"))
    connection.autocommit = True
    return connection
