"""How well the monitor sees: false alarms on recorded homes, and emergencies planted into the same recordings."""
