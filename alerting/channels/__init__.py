"""One way of reaching somebody a file, each answering Sent, TryLater or Refused."""
