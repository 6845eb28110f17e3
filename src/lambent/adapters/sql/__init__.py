"""The Store and the EventQueue on SQL: SQLite now, PostgreSQL as a second dialect."""
