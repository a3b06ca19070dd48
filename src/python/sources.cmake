set(python_sources
    src/python/arguments.c
    src/python/function.c
    src/python/print.c
    src/python/read.c
    src/python/text.c
    src/python/words.c)
