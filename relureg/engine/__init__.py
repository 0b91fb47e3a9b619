"""From a network to its activation regions: the splitter, the referee, and the count by characteristic polynomial."""
