set(functional_sources
    src/functional/loss.c)
