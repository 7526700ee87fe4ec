"""Clusters that `ray up` starts: the file of one, what is wrong with it, and the commands for it."""
