"""What Alembic runs: the revisions, on the connection that `nba.state.upgrading` gives."""

from __future__ import annotations

from alembic import context

from nba.state.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
context.run_migrations()
