#include "io/protobuf.h"

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

void tenka_message_finish(struct tenka_message *message)
{
    tenka_free(message->data);
    *message = (struct tenka_message){0};
}

static void put(struct tenka_message *m, const void *data, size_t bytes)
{
    const size_t wanted = m->bytes + bytes;
    if (!m->failed && (wanted > m->capacity || m->data == NULL)) {
        const size_t capacity = wanted < SIZE_MAX / 4 ? 2 * wanted + 64 : wanted;
        unsigned char *const grown = wanted >= bytes ? tenka_realloc_array(m->data, capacity, 1) : NULL;
        m->failed = grown == NULL;
        m->data = grown != NULL ? grown : m->data;
        m->capacity = grown != NULL ? capacity : m->capacity;
    }
    if (m->failed || bytes == 0)
        return;
    memcpy(m->data + m->bytes, data, bytes);
    m->bytes = wanted;
}

static void put_varint(struct tenka_message *m, uint64_t value)
{
    unsigned char bytes[10];
    size_t count = 0;
    for (; value >= 128; value >>= 7)
        bytes[count++] = (unsigned char)(value & 127) | 128;
    bytes[count++] = (unsigned char)value;
    put(m, bytes, count);
}

static void put_key(struct tenka_message *m, unsigned field, enum wire wire)
{
    put_varint(m, (uint64_t)field << 3 | wire);
}

/* The least byte first. */
static void put_fixed(struct tenka_message *m, uint64_t bits, size_t count)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i);
    put(m, bytes, count);
}

static uint64_t double_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

void tenka_message_whole(struct tenka_message *m, unsigned field, uint64_t value)
{
    put_key(m, field, WIRE_VARINT);
    put_varint(m, value);
}

void tenka_message_float(struct tenka_message *m, unsigned field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    put_key(m, field, WIRE_32);
    put_fixed(m, bits, sizeof(bits));
}

void tenka_message_double(struct tenka_message *m, unsigned field, double value)
{
    put_key(m, field, WIRE_64);
    put_fixed(m, double_bits(value), sizeof(value));
}

void tenka_message_bytes(struct tenka_message *m, unsigned field, const void *data, size_t bytes)
{
    put_key(m, field, WIRE_BYTES);
    put_varint(m, bytes);
    put(m, data, bytes);
}

void tenka_message_text(struct tenka_message *m, unsigned field, const char *text)
{
    tenka_message_bytes(m, field, text, strlen(text));
}

void tenka_message_doubles(struct tenka_message *m, unsigned field, const double *values, size_t count)
{
    put_key(m, field, WIRE_BYTES);
    put_varint(m, count * sizeof(values[0]));
    for (size_t i = 0; i < count; i++)
        put_fixed(m, double_bits(values[i]), sizeof(values[0]));
}

void tenka_message_nest(struct tenka_message *m, unsigned field, struct tenka_message *inner)
{
    m->failed = m->failed || inner->failed;
    tenka_message_bytes(m, field, inner->data, inner->bytes);
    tenka_message_finish(inner);
}
