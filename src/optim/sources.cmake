set(optim_sources
    src/optim/optimizer.c
    src/optim/text.c)
