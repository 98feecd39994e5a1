"""How well windows of acceleration are judged: on recordings of falls, each subject left out in turn."""
