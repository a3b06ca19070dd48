/* What the files of the mock Vulkan share: its objects. */
#ifndef TENKA_TESTS_MOCK_OBJECTS_H
#define TENKA_TESTS_MOCK_OBJECTS_H

#include "mock_vulkan.h"

#include <string.h>

#define KINDS(X)                                                                                                      \
    X(INSTANCE)                                                                                                       \
    X(GPU) X(DEVICE) X(QUEUE) X(SEMAPHORE) X(MEMORY) X(BUFFER) X(SET_LAYOUT) X(LAYOUT) X(MODULE) X(PIPELINE) X(CACHE) \
        X(DESCRIPTOR_POOL) X(SET) X(QUERIES) X(COMMAND_POOL) X(COMMANDS) X(MESSENGER)
enum kind {
    NONE,
#define X(name) name,
    KINDS(X)
#undef X
};

#define BINDINGS 8

/* A command that moves bytes; the others leave only what they refer to. */
struct command {
    uint32_t from, to; /* buffers; from 0: fills */
    VkDeviceSize from_offset, to_offset, bytes;
    uint32_t word;
};

enum state { INITIAL, RECORDING, EXECUTABLE };

/* Handles are FIRST plus an index into the list of objects, which is never used again before a reset: whatever a
 * program hands over can be looked up. */
#define FIRST 0x1000
struct object {
    enum kind kind;
    bool alive;
    uint32_t owner;             /* an object that must outlive it, or takes it along: a pool */
    VkDeviceSize size;          /* MEMORY, BUFFER; QUERIES: how many */
    char *bytes;                /* MEMORY */
    bool on_device;             /* MEMORY */
    uint32_t memory;            /* BUFFER */
    VkDeviceSize offset;        /* BUFFER, in its memory */
    uint32_t sets, descriptors; /* DESCRIPTOR_POOL: left; SET: of one set */
    uint32_t bound[BINDINGS];   /* SET: buffers */
    uint64_t value;             /* SEMAPHORE */
    enum state state;           /* COMMANDS */
    bool resets;                /* COMMAND_POOL */
    uint32_t pending;           /* COMMANDS */
    struct command *commands;   /* COMMANDS */
    uint32_t n_commands, *uses, n_uses;
};

extern struct object *mock_objects;
extern const char *const mock_kind_names[];

void mock_complain(const char *format, ...);
void *mock_grow(void *old, size_t count, size_t each); /* so that one more than count fits */
uint32_t mock_add(enum kind kind, uint32_t owner);
void mock_destroy(uint64_t handle, enum kind kind, const char *function);
/* The object that a handle stands for, or one of no kind after a complaint. */
struct object *mock_look_up(uint64_t handle, enum kind kind, const char *function);
void mock_forget_commands(struct object *commands);

#define HANDLE(type, index) ((type)(uintptr_t)(FIRST + (index)))
#define INDEX(handle) ((uint32_t)((uint64_t)(uintptr_t)(handle)-FIRST))
#define LOOK_UP(handle, kind) mock_look_up((uint64_t)(uintptr_t)(handle), kind, __func__)

/* queue.c: whether a submission that is not done uses the object; whether there is any. */
bool mock_queue_uses(uint32_t index);
bool mock_queue_is_empty(void);
void mock_queue_reset(void);

/* An entry point. Each file lists its own at its end, and has a function that finds them. */
#define MOCK(result, name) static VKAPI_ATTR result VKAPI_CALL mock_##name
#define FOUND(function)               \
    if (strcmp(name, #function) == 0) \
        return (PFN_vkVoidFunction)mock_##function;
PFN_vkVoidFunction mock_device_find(const char *name);
PFN_vkVoidFunction mock_queue_find(const char *name);

#endif
