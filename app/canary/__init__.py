"""Canaries: the same prompts every week to every model, so that what changes is the model and never the prompts."""
