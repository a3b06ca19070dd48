set(optim_sources
    src/optim/optimizer.c)
