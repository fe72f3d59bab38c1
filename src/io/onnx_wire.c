/*
 * ONNX files: bytes to messages. protobuf-c nests calls as deeply as the file nests messages, and
 * merges what is there twice; so the bytes are walked once before, with a bound on depth and number,
 * and what no writer writes is refused.
 */
#include <string.h>

#include "io/onnx_parts.h"

enum {
    MAX_DEPTH = 16,         /* without graphs in attributes 7 are needed                  */
    TIMES = 16,             /* bytes of floats for a byte of the file: weights need 4     */
    SPARE = 64 << 20,       /* and for small files                                        */
    MAX_MESSAGES = 1 << 20, /* each takes some 200 bytes of memory, however short it is   */
    VARINT = 0,
    EIGHT = 1,
    BYTES = 2,
    FOUR = 5
};

typedef struct span {
    const unsigned char *at, *end;
} span;

typedef struct field {
    uint64_t id, type, length; /* length: of what follows the tag, or of what a BYTES field holds */
} field;

static bool read_varint(span *s, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; shift < 64 && s->at < s->end; shift += 7) {
        const unsigned char byte = *s->at++;
        *out |= (uint64_t)(byte & 0x7fu) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* Reads a field's tag and goes to its content; NULL, or what is wrong. */
static const char *read_field(span *s, field *f)
{
    uint64_t tag;
    span rest;
    if (!read_varint(s, &tag))
        return "a field ends early";
    *f = (field){.id = tag >> 3, .type = tag & 7};
    if (f->id == 0 || f->id > (1u << 29) - 1)
        return "a field has a number that cannot be";
    if (f->type == BYTES) {
        if (!read_varint(s, &f->length))
            return "a field ends early";
    } else if (f->type == EIGHT || f->type == FOUR) {
        f->length = f->type == EIGHT ? 8 : 4;
    } else if (f->type == VARINT) {
        rest = *s;
        if (!read_varint(&rest, &tag))
            return "a number ends early";
        f->length = (uint64_t)(rest.at - s->at);
    } else {
        return "a field has a type that cannot be";
    }
    return f->length > (uint64_t)(s->end - s->at) ? "a field is longer than what is left of it"
                                                  : NULL;
}

static const char *walk(const ProtobufCMessageDescriptor *message, span s, int depth, int *left)
{
    uint64_t seen = 0;
    if (depth > MAX_DEPTH)
        return "it nests messages too deeply";
    if (--*left < 0)
        return "it holds too many messages";
    while (s.at < s.end) {
        field f;
        const char *wrong = read_field(&s, &f);
        if (wrong != NULL)
            return wrong;
        const span inner = {s.at, s.at + f.length};
        s.at = inner.end;
        const ProtobufCFieldDescriptor *d =
            protobuf_c_message_descriptor_get_field(message, (unsigned)f.id);
        if (d == NULL)
            continue;
        const uint64_t bit = UINT64_C(1) << ((size_t)(d - message->fields) % 64);
        if (d->label != PROTOBUF_C_LABEL_REPEATED && (seen & bit) != 0)
            return "a field that stands once is there twice";
        seen |= bit;
        if (d->type == PROTOBUF_C_TYPE_STRING && memchr(inner.at, '\0', f.length) != NULL)
            return "a text holds a byte of 0";
        if (d->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (f.type != BYTES)
            return "a field has a type that cannot be";
        wrong = walk(d->descriptor, inner, depth + 1, left);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

static void *take(void *user, size_t bytes)
{
    mye_onnx *r = user;
    void *block = mye_alloc(r->ctx, bytes);
    r->out_of_memory = r->out_of_memory || block == NULL;
    return block;
}

static void release(void *user, void *block)
{
    const mye_onnx *r = user;
    mye_free(r->ctx, block);
}

mye_status mye_onnx_unpack(mye_onnx *r, const void *data, size_t bytes)
{
    const span all = {data, (const unsigned char *)data + bytes};
    int left = MAX_MESSAGES;
    if (bytes == 0)
        return mye_onnx_fail(r, MYE_ERR_FORMAT,
                             "an ONNX model was expected, but the file is empty");
    const char *wrong = walk(&onnx__model_proto__descriptor, all, 0, &left);
    if (wrong != NULL)
        return mye_onnx_fail(r, MYE_ERR_FORMAT, "this is no ONNX model, or it is damaged: %s",
                             wrong);
    r->most = TIMES * bytes + SPARE;
    r->allocator = (ProtobufCAllocator){take, release, r};
    r->file = onnx__model_proto__unpack(&r->allocator, bytes, data);
    if (r->out_of_memory)
        return mye_onnx_no_memory(r, bytes / sizeof(float));
    if (r->file == NULL)
        return mye_onnx_fail(r, MYE_ERR_FORMAT,
                             "this is no ONNX model, or it is damaged: a field cannot be read");
    r->graph = r->file->graph;
    if (r->graph == NULL)
        return mye_onnx_fail(r, MYE_ERR_FORMAT, "this is no ONNX model: it has no graph");
    return MYE_OK;
}

float *mye_onnx_take(mye_onnx *r, size_t count)
{
    /* A file may name a tensor many times, and each time it is made anew. */
    r->is_greedy = r->is_greedy || count > (r->most - r->taken) / sizeof(float);
    if (r->is_greedy)
        return NULL;
    r->taken += count * sizeof(float);
    unsigned char *bytes = mye_alloc(r->ctx, MYE_ALIGN + count * sizeof(float));
    if (bytes == NULL)
        return NULL;
    mye_onnx_block *block = (mye_onnx_block *)(void *)bytes;
    block->next = r->block;
    r->block = block;
    return (float *)(void *)(bytes + MYE_ALIGN);
}

void mye_onnx_free(mye_onnx *r)
{
    while (r->block != NULL) {
        mye_onnx_block *next = r->block->next;
        mye_free(r->ctx, r->block);
        r->block = next;
    }
    if (r->file != NULL)
        onnx__model_proto__free_unpacked(r->file, &r->allocator);
    mye_free(r->ctx, r->value);
    mye_free(r->ctx, r->needed);
    mye_free(r->ctx, r->layer);
}
