"""Look at the machine, the packages and the preprocessing before hours are spent on them."""
