"""The commands of `risk`, one file a group; risk.cli hangs them up."""
