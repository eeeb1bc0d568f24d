"""What it costs, measured beside what it is compared with; `README.md` says how."""
