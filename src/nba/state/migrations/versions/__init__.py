"""The revisions of the store, first to last; a revision that was released never changes."""
