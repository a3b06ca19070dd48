set(optim_sources
    src/optim/average.c
    src/optim/classes.c
    src/optim/optimizer.c
    src/optim/schedule.c
    src/optim/schedule_kinds.c
    src/optim/schedule_read.c
    src/optim/text.c)
