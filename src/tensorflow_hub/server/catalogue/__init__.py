"""What is published: tables, migrations and queries."""
