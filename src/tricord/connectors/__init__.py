"""One package per vendor, all of one shape: connector, parse, read and act. None does any I/O."""
