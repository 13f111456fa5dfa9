"""How a store of an earlier version becomes one of this: a step a revision, in `versions`."""
