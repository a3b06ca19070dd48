/* Messages of protocol buffers, written by hand. Format: https://protobuf.dev/programming-guides/encoding/ */
#ifndef TENKA_IO_PROTOBUF_H
#define TENKA_IO_PROTOBUF_H

#include "core/core.h"

/* A message that grows. Begins as { 0 }; once memory ran out nothing more is put into it. */
struct tenka_message {
    unsigned char *data;
    size_t bytes, capacity;
    bool failed; /* there was no memory */
};
/* Gives the memory back and leaves an empty message. */
void tenka_message_finish(struct tenka_message *message);

/* A field each, by its number. */
void tenka_message_whole(struct tenka_message *message, unsigned field, uint64_t value);
void tenka_message_float(struct tenka_message *message, unsigned field, float value);
void tenka_message_double(struct tenka_message *message, unsigned field, double value);
void tenka_message_bytes(struct tenka_message *message, unsigned field, const void *data, size_t bytes);
void tenka_message_text(struct tenka_message *message, unsigned field, const char *text);
/* Repeated doubles, packed. */
void tenka_message_doubles(struct tenka_message *message, unsigned field, const double *values, size_t count);
/* A message in it, which is finished. */
void tenka_message_nest(struct tenka_message *message, unsigned field, struct tenka_message *inner);

#endif
