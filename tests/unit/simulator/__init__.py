"""What the simulator promises, told as stories."""
