"""From predictions to scores, tables, fits and verdicts."""
