"""What every part of the hub uses: the hub itself, who asks, rights, problems, limits, negotiation."""
