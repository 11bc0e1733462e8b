"""The jobs worker: what happens by the clock, in one leased process, whatever the number of gateways."""
