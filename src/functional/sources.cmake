set(functional_sources
    src/functional/loss.c
    src/functional/loss_classes.c
    src/functional/loss_numbers.c
    src/functional/loss_pairs.c)
