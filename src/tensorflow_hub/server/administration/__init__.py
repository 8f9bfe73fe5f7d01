"""What an administrator does beside the running hub: backup, restore, check, sweeping."""
