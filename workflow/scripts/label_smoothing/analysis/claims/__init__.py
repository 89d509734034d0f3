"""The claims of the paper and of the vote theory, and the verdicts; see docs/findings.md."""
