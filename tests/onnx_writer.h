/*
 * Writes small ONNX files, field by field, so that tests can make what no exporter makes. Field numbers
 * are those of onnx.proto.
 */
#ifndef ONNX_WRITER_H
#define ONNX_WRITER_H

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct pb {
    size_t n;
    unsigned char data[1 << 14];
} pb;

enum { TYPE_FLOAT = 1, TYPE_INT64 = 7, TYPE_HALF = 10, TYPE_DOUBLE = 11, TYPE_BFLOAT = 16 };

static inline void put_byte(pb *b, unsigned char byte)
{
    assert_true(b->n < sizeof b->data);
    b->data[b->n++] = byte;
}

static inline void put_varint(pb *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        put_byte(b, (unsigned char)(v | 0x80));
    put_byte(b, (unsigned char)v);
}

static inline void put_int(pb *b, unsigned field, int64_t v)
{
    put_varint(b, field << 3);
    put_varint(b, (uint64_t)v);
}

static inline void put_bytes(pb *b, unsigned field, const void *data, size_t n)
{
    put_varint(b, field << 3 | 2);
    put_varint(b, n);
    for (size_t i = 0; i < n; i++)
        put_byte(b, ((const unsigned char *)data)[i]);
}

static inline void put_text(pb *b, unsigned field, const char *text)
{
    put_bytes(b, field, text, strlen(text));
}

static inline void put_message(pb *b, unsigned field, const pb *inner)
{
    put_bytes(b, field, inner->data, inner->n);
}

static inline void put_float(pb *b, unsigned field, float v)
{
    unsigned char bytes[4];
    memcpy(bytes, &v, 4);
    put_varint(b, field << 3 | 5);
    for (int i = 0; i < 4; i++)
        put_byte(b, bytes[i]);
}

/* ---- AttributeProto: "kernel_shape=2,2 group=3 alpha=0.5 mode=reflect" ---- */

static inline void put_attribute(pb *node, const char *name, size_t length, const char *value)
{
    pb a = {0};
    const bool number = isdigit((unsigned char)value[0]) || value[0] == '-';
    const size_t n = strcspn(value, " ");
    put_bytes(&a, 1, name, length);
    if (!number) {
        put_bytes(&a, 4, value, n);
        put_int(&a, 20, 3);
    } else if (memchr(value, '.', n) != NULL) {
        put_float(&a, 2, strtof(value, NULL));
        put_int(&a, 20, 1);
    } else if (memchr(value, ',', n) != NULL) {
        for (const char *at = value;; at++) {
            char *end;
            put_int(&a, 8, strtoll(at, &end, 10));
            at = end;
            if (*at != ',' || at[1] == '\0' || at[1] == ' ') /* "2," is a list of one */
                break;
        }
        put_int(&a, 20, 7);
    } else {
        put_int(&a, 3, strtoll(value, NULL, 10));
        put_int(&a, 20, 2);
    }
    put_message(node, 5, &a);
}

static inline void put_attributes(pb *node, const char *text)
{
    while (*text != '\0') {
        const size_t name = strcspn(text, "=");
        put_attribute(node, text, name, text + name + 1);
        text += name + strcspn(text + name, " ");
        text += *text == ' ';
    }
}

/* ---- graphs ---- */

/* Words of `inputs` and `outputs` are names: "x w b". */
static inline void put_words(pb *b, unsigned field, const char *words)
{
    while (*words != '\0') {
        const size_t n = strcspn(words, " ");
        put_bytes(b, field, words, n);
        words += n + (words[n] == ' ');
    }
}

static inline pb node_of(const char *op, const char *name, const char *inputs, const char *outputs,
                         const char *attributes)
{
    pb n = {0};
    put_words(&n, 1, inputs);
    put_words(&n, 2, outputs);
    put_text(&n, 3, name);
    put_text(&n, 4, op);
    put_attributes(&n, attributes);
    return n;
}

static inline void add_node(pb *graph, const char *op, const char *name, const char *inputs,
                            const char *outputs, const char *attributes)
{
    const pb n = node_of(op, name, inputs, outputs, attributes);
    put_message(graph, 1, &n);
}

/* "8,3,3,3": dimensions of a tensor. */
static inline pb tensor_of(const char *name, int type, const char *dims)
{
    pb t = {0};
    for (const char *at = dims; *at != '\0'; at++) {
        char *end;
        put_int(&t, 1, strtoll(at, &end, 10));
        at = end;
        if (*at == '\0')
            break;
    }
    put_int(&t, 2, type);
    put_text(&t, 8, name);
    return t;
}

static inline void add_tensor(pb *graph, const char *name, int type, const char *dims,
                              const void *raw, size_t bytes)
{
    pb t = tensor_of(name, type, dims);
    put_bytes(&t, 9, raw, bytes);
    put_message(graph, 5, &t);
}

/* n floats 0.1, 0.2, ... */
static inline void add_floats(pb *graph, const char *name, const char *dims, size_t n)
{
    float value[512];
    assert_true(n <= 512);
    for (size_t i = 0; i < n; i++)
        value[i] = 0.1f * (float)(i % 17 + 1);
    add_tensor(graph, name, TYPE_FLOAT, dims, value, n * sizeof *value);
}

static inline void add_whole(pb *graph, const char *name, const char *dims, const int64_t *v,
                             size_t n)
{
    add_tensor(graph, name, TYPE_INT64, dims, v, n * sizeof *v);
}

/* "N,3,8,8": letters are names of dimensions. field 11: an input, 12: an output. */
static inline void add_value(pb *graph, unsigned field, const char *name, int type,
                             const char *dims)
{
    pb shape = {0}, tensor = {0}, value = {0}, info = {0};
    while (*dims != '\0') {
        pb dim = {0};
        const size_t n = strcspn(dims, ",");
        if (isalpha((unsigned char)dims[0]))
            put_bytes(&dim, 2, dims, n);
        else
            put_int(&dim, 1, strtoll(dims, NULL, 10));
        put_message(&shape, 1, &dim);
        dims += n + (dims[n] == ',');
    }
    put_int(&tensor, 1, type);
    put_message(&tensor, 2, &shape);
    put_message(&value, 1, &tensor);
    put_text(&info, 1, name);
    put_message(&info, 2, &value);
    put_message(graph, field, &info);
}

/* A graph with input x and output y. */
static inline pb graph_of(const char *dims)
{
    pb g = {0};
    put_text(&g, 2, "g");
    add_value(&g, 11, "x", TYPE_FLOAT, dims);
    add_value(&g, 12, "y", TYPE_FLOAT, "N,K");
    return g;
}

static inline pb model_of(const pb *graph, int opset)
{
    pb set = {0}, m = {0};
    put_int(&set, 2, opset);
    put_int(&m, 1, 8);
    put_message(&m, 8, &set);
    put_message(&m, 7, graph);
    return m;
}

#endif
