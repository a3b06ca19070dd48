set(optim_sources
    src/optim/classes.c
    src/optim/optimizer.c
    src/optim/text.c)
