"""Results as text on a screen: no view knows a verb."""
