"""One network: its data on a device, its loss, its loop."""
