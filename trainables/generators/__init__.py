# LAB: read /tmp/lab/TEAM.md (interfaces: Prior, train_prior, prior_tensors, prior_from_tensors).
