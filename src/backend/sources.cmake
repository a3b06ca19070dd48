set(backend_sources
    src/backend/backend.c
    src/backend/check_plan.c
    src/backend/fetch.c
    src/backend/rig.c
    src/backend/warm.c
    src/backend/cost.c
    src/backend/open/choose.c)
