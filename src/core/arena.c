#include "core/core.h"

#define ARENA_ALIGN 16
#define ARENA_BLOCK ((size_t)64 * 1024)

struct tenka_arena_block {
    struct tenka_arena_block *next;
    size_t size, used; /* of data, in bytes; blocks after the arena's current one are unused */
    _Alignas(ARENA_ALIGN) unsigned char data[];
};

static struct tenka_arena_block *add_block(struct tenka_arena *arena, size_t bytes)
{
    const size_t size = bytes > ARENA_BLOCK ? bytes : ARENA_BLOCK;
    if (size > SIZE_MAX - sizeof(struct tenka_arena_block))
        return NULL;
    struct tenka_arena_block *block = tenka_alloc(sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    block->size = size;
    if (arena->current == NULL) {
        arena->first = block;
    } else {
        block->next = arena->current->next;
        arena->current->next = block;
    }
    return block;
}

void *tenka_arena_alloc(struct tenka_arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX - ARENA_ALIGN)
        return NULL;
    bytes = tenka_align(bytes != 0 ? bytes : 1, ARENA_ALIGN);
    struct tenka_arena_block *block = arena->current;
    if (block == NULL || block->size - block->used < bytes) {
        block = block != NULL ? block->next : NULL;
        if (block == NULL || block->size < bytes)
            block = add_block(arena, bytes);
        if (block == NULL)
            return NULL;
        arena->current = block;
    }
    void *memory = block->data + block->used;
    block->used += bytes;
    return memset(memory, 0, bytes);
}

void tenka_arena_reset(struct tenka_arena *arena)
{
    for (struct tenka_arena_block *block = arena->first; block != NULL; block = block->next)
        block->used = 0;
    arena->current = arena->first;
}

void tenka_arena_finish(struct tenka_arena *arena)
{
    for (struct tenka_arena_block *block = arena->first, *next; block != NULL; block = next) {
        next = block->next;
        tenka_free(block);
    }
    *arena = (struct tenka_arena){0};
}
