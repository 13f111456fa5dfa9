"""What a playbook says: its sections and messages, checked as they are read."""
