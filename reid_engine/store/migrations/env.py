"""Alembic's way in. The open connection is handed over, so that a migration stands in the caller's transaction."""

from contextlib import nullcontext

import sqlalchemy as sa
from alembic import context

from reid_engine.store.schema import metadata

given = context.config.attributes["connection"]
with given.connect() if isinstance(given, sa.Engine) else nullcontext(given) as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
