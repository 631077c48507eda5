"""Values, planning, commit, recovery and rollback; everything outside is reached through `ports`."""
