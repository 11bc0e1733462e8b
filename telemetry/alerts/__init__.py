"""Alerts: rules over what is measured, a state machine for each, and messages that are sent until they arrive."""
