set(train_sources
    src/train/checkpoint.c
    src/train/checkpoint_json.c
    src/train/checkpoint_loader.c
    src/train/checkpoint_state.c
    src/train/finite.c
    src/train/memory.c
    src/train/metrics.c)
