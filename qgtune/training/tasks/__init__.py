"""The tasks that come with qgtune, and the class that a task of one's own subclasses."""
