"""The paper's theory, and what goes beyond it; numpy and scipy alone."""
