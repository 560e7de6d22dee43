//! Fold: facts into rows and changes of cells, as far as they are common.
