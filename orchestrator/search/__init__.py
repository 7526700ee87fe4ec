"""Which trial comes next: the Optuna study, its rounds, grids, controls and confirmations."""
