#include <string.h>

#include "io/jsontext.h"
#include "io/safetensors.h"

typedef struct writer {
    mye_context *ctx;
    const mye_st_item *item;
    int n;
    const mye_st_pair *meta;
    int n_meta;
    unsigned char *scratch;
} writer;

static size_t item_bytes(const mye_st_item *item)
{
    size_t count = 1;
    for (int i = 0; i < item->rank; i++)
        count *= (size_t)item->dim[i];
    return count * mye_dtype_size(item->dtype);
}

static const void *item_data(const writer *w, const mye_st_item *item)
{
    if (!item->convert)
        return item->data;
    item->convert(item->self, item->data, w->scratch);
    return w->scratch;
}

/* The checksum stands before the data, so everything is converted twice: cheaper than the memory
 * that would hold it, and files that are written front to back need no seek. */
static uint32_t checksum(const writer *w)
{
    uint32_t crc = 0;
    for (int i = 0; i < w->n; i++)
        crc = mye_crc32c(crc, item_data(w, &w->item[i]), item_bytes(&w->item[i]));
    return crc;
}

/* JSON holds Unicode only; paths may hold anything. */
static json_t *text_value(mye_context *ctx, const char *text)
{
    json_t *value = json_string(text);
    if (value)
        return value;
    char *clean = mye_strdup(ctx, text);
    if (!clean)
        return NULL;
    for (char *c = clean; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    value = json_string(clean);
    mye_free(ctx, clean);
    return value;
}

static json_t *metadata(const writer *w)
{
    char crc[16];
    snprintf(crc, sizeof crc, "%08x", (unsigned)checksum(w));
    json_t *meta = json_object();
    int failed = json_object_set_new(meta, "format", json_string("pt"));
    failed |= json_object_set_new(meta, "crc32c", json_string(crc));
    for (int i = 0; i < w->n_meta; i++)
        failed |= json_object_set_new(meta, w->meta[i].key, text_value(w->ctx, w->meta[i].value));
    if (failed) {
        json_decref(meta);
        return NULL;
    }
    return meta;
}

static json_t *tensor_entry(const mye_st_item *item, size_t offset)
{
    json_t *shape = json_array();
    int failed = shape == NULL;
    for (int i = 0; i < item->rank; i++)
        failed |= json_array_append_new(shape, json_integer(item->dim[i]));
    json_t *entry =
        json_pack("{s:s, s:o, s:[I, I]}", "dtype", mye_dtype_name(item->dtype), "shape", shape,
                  "data_offsets", (json_int_t)offset, (json_int_t)(offset + item_bytes(item)));
    if (failed) {
        json_decref(entry);
        return NULL;
    }
    return entry;
}

/* Padded with blanks so that the data begins at a multiple of 8. */
static mye_status header_text(const writer *w, mye_text *out, mye_error *err)
{
    json_t *header = json_object();
    int failed = json_object_set_new(header, "__metadata__", metadata(w));
    size_t offset = 0;
    for (int i = 0; i < w->n; i++) {
        failed |= json_object_set_new(header, w->item[i].name, tensor_entry(&w->item[i], offset));
        offset += item_bytes(&w->item[i]);
    }
    if (failed) {
        json_decref(header);
        header = NULL;
    }
    failed |= !mye_json_add(out, header, JSON_COMPACT);
    mye_text_add_bytes(out, "        ", (8 - out->length % 8) % 8);
    if (failed || out->failed)
        return mye_no_memory(err, out->length, "the header of a safetensors file");
    return MYE_OK;
}

static mye_status write_header(const writer *w, mye_file *file, mye_error *err)
{
    mye_text text = {.ctx = w->ctx};
    unsigned char head[8];
    mye_status status = header_text(w, &text, err);
    for (int i = 0; i < 8; i++)
        head[i] = (unsigned char)((uint64_t)text.length >> (8 * i) & 0xff);
    if (status == MYE_OK)
        status = mye_file_write(file, head, sizeof head, err);
    if (status == MYE_OK)
        status = mye_file_write(file, text.data, text.length, err);
    mye_text_free(&text);
    return status;
}

static mye_status write_all(const writer *w, const char *path, mye_error *err)
{
    mye_file *file = NULL;
    MYE_TRY(mye_file_create(w->ctx, path, &file, err));
    mye_status status = write_header(w, file, err);
    for (int i = 0; i < w->n && status == MYE_OK; i++)
        status = mye_file_write(file, item_data(w, &w->item[i]), item_bytes(&w->item[i]), err);
    if (status != MYE_OK) {
        mye_file_abandon(file);
        return status;
    }
    return mye_file_commit(file, err);
}

mye_status mye_st_write(mye_context *ctx, const char *path, const mye_st_item *item, int n,
                        const mye_st_pair *meta, int n_meta, void *scratch, mye_error *err)
{
    writer w = {ctx, item, n, meta, n_meta, scratch};
    size_t most = 0;
    for (int i = 0; i < n; i++)
        if (item[i].convert && item_bytes(&item[i]) > most)
            most = item_bytes(&item[i]);
    if (!scratch && most > 0) {
        w.scratch = mye_alloc(ctx, most);
        if (!w.scratch)
            return mye_no_memory(err, most, "writing a checkpoint");
    }
    const mye_status status = write_all(&w, path, err);
    if (!scratch)
        mye_free(ctx, w.scratch);
    return status;
}
