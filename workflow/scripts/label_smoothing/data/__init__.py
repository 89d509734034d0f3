"""From a source to corrupted labels."""
