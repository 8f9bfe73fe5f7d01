"""The catalogue, a database of what is published and of users: tables, migrations, queries and changes."""
