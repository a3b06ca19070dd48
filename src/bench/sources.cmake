set(bench_sources
    src/bench/bench.c
    src/bench/ceilings.c
    src/bench/shapes.c
    src/bench/subject.c)
