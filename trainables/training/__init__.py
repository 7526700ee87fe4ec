"""The one supervised training loop, and what it is told: recipe, batches, augmentation, selection."""
