"""Has a model changed? Each week of its answers against the weeks before, by effect size and significance."""
