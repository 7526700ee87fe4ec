"""Trials on a Ray cluster: the experiment, the cluster that it uses, and what may go wrong with either."""
