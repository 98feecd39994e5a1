"""How any service here lives: clock, database, log, settings, start and stop. No domain word inside."""
