"""What Prometheus is told: requests as they are served, and the system when it asks."""
