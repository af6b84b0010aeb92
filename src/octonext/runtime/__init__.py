"""What every process stands on: settings, paths, logging, metrics, PostgreSQL and migrations."""
