"""Its entry point names a module without any hook."""

NAME = "hook_absent"
