"""The shop's own screen: its customers, and what each of them gets, as pages of the server."""
