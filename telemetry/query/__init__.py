"""The read API: one module a question, typed results, nothing scanned that a rollup already knows.

Every function takes an engine (best: `telemetry.storage.engine.open_reader`) and returns frozen dataclasses. Money is
nano-USD, None when unknown; times are aware UTC; latencies are milliseconds.
"""
