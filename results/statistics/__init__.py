"""From rows to numbers: fronts, intervals, differences, hypervolumes. No text and no drawing."""
