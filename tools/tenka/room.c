#include <stdlib.h>
#include <string.h>

#include "tenka.h"

#define LEAST 64u

bool room_take(void *items, size_t *room, size_t count, size_t each)
{
    if (count <= *room)
        return true;
    size_t more = *room > SIZE_MAX / 2 ? count : 2 * *room;
    more = more < LEAST ? LEAST : more;
    more = more < count ? count : more;
    if (more > SIZE_MAX / each)
        return false;
    /* items points to a pointer of any type; memcpy reads and writes it without breaking the aliasing rules. */
    void *memory;
    memcpy(&memory, items, sizeof(memory));
    memory = realloc(memory, more * each);
    if (memory == NULL)
        return false;
    memcpy(items, &memory, sizeof(memory));
    *room = more;
    return true;
}
