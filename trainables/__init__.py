"""One trial: train a target under a defence, attack it, judge the reconstructions. The only home of torch.

Importing this package imports no torch; its modules do.
"""
