/*
 * YAML documents through libyaml: parsed into a tree with positions, then applied to a parameter
 * table. See base.h.
 */
#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#include "base/param.h"
#include "base/state.h"

#define MAX_BYTES ((size_t)1 << 20)
#define MAX_DEPTH 32
#define MAX_NODES 10000 /* bounds memory, and the search for duplicate keys */

typedef struct reader {
    mye_context *ctx;
    const char *source;
    yaml_parser_t parser;
    int n_nodes;
} reader;

static mye_status fail_at(const char *source, int line, int column, mye_error *err,
                          const char *format, va_list args) MYE_PRINTF(5, 0);

static mye_status fail_at(const char *source, int line, int column, mye_error *err,
                          const char *format, va_list args)
{
    char message[sizeof((mye_error *)NULL)->message];
    mye_message(message, sizeof message, format, args);
    return mye_fail(err, MYE_ERR_FORMAT, "%.150s:%d:%d: %s", source, line, column, message);
}

mye_status mye_yaml_fail(const mye_yaml *at, mye_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const mye_status status = fail_at(at->source, at->line, at->column, err, format, args);
    va_end(args);
    return status;
}

/* Where an event starts, as users count. */
static mye_yaml position(const reader *r, const yaml_event_t *event)
{
    return (mye_yaml){.source = r->source,
                      .line = (int)event->start_mark.line + 1,
                      .column = (int)event->start_mark.column + 1};
}

static mye_status parser_fail(const reader *r, mye_error *err)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem != NULL ? p->problem : "the text is no YAML";
    if (p->error == YAML_MEMORY_ERROR)
        return mye_no_memory(err, MAX_BYTES, r->source);
    if (p->error == YAML_READER_ERROR)
        return mye_fail(err, MYE_ERR_FORMAT, "%.150s: %s at byte %zu", r->source, problem,
                        p->problem_offset);
    const mye_yaml at = {.source = r->source,
                         .line = (int)p->problem_mark.line + 1,
                         .column = (int)p->problem_mark.column + 1};
    if (p->context != NULL)
        return mye_yaml_fail(&at, err, "%s %s", problem, p->context);
    return mye_yaml_fail(&at, err, "%s", problem);
}

/* The next event, with everything refused that needs more than a tree of texts. The caller deletes
 * the event when the status is MYE_OK. */
static mye_status next_event(reader *r, yaml_event_t *event, mye_error *err)
{
    if (!yaml_parser_parse(&r->parser, event))
        return parser_fail(r, err);
    const mye_yaml at = position(r, event);
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    mye_status status = MYE_OK;
    if (anchor != NULL || event->type == YAML_ALIAS_EVENT)
        status = mye_yaml_fail(&at, err, "anchors and aliases are not supported; repeat the value");
    else if (tag != NULL)
        status = mye_yaml_fail(&at, err, "tags such as '%.40s' are not supported; types are known",
                               (const char *)tag);
    if (status != MYE_OK)
        yaml_event_delete(event);
    return status;
}

static mye_status no_memory(const reader *r, mye_error *err)
{
    return mye_no_memory(err, MAX_BYTES, r->source);
}

static mye_status copy_scalar(const reader *r, const yaml_event_t *event, const char **out,
                              mye_error *err)
{
    const mye_yaml at = position(r, event);
    const char *value = (const char *)event->data.scalar.value;
    if (strlen(value) != event->data.scalar.length)
        return mye_yaml_fail(&at, err, "a text with a NUL character is not supported");
    *out = mye_strdup(r->ctx, value);
    return *out != NULL ? MYE_OK : no_memory(r, err);
}

/* Room for one more child (and key); doubles. */
static mye_status add_slot(const reader *r, mye_yaml *node, mye_error *err)
{
    const int n = node->n;
    const bool is_full = node->child == NULL || (n >= 4 && (n & (n - 1)) == 0);
    if (is_full) {
        const size_t old = (size_t)n, cap = n == 0 ? 4 : 2 * (size_t)n;
        mye_yaml *child = mye_grow(r->ctx, node->child, old * sizeof *child, cap * sizeof *child);
        if (child == NULL)
            return no_memory(r, err);
        node->child = child;
        if (node->type == MYE_YAML_MAPPING) {
            const char **key = mye_grow(r->ctx, node->key, old * sizeof *key, cap * sizeof *key);
            if (key == NULL)
                return no_memory(r, err);
            node->key = key;
        }
    }
    node->child[n] = (mye_yaml){.source = r->source};
    if (node->type == MYE_YAML_MAPPING)
        node->key[n] = NULL;
    node->n = n + 1;
    return MYE_OK;
}

static mye_status read_node(reader *r, const yaml_event_t *event, int depth, mye_yaml *out,
                            mye_error *err);

static mye_status read_key(const reader *r, const yaml_event_t *event, mye_yaml *node,
                           mye_error *err)
{
    const mye_yaml at = position(r, event);
    if (event->type != YAML_SCALAR_EVENT)
        return mye_yaml_fail(&at, err, "a key wants a plain word, got a list or a mapping");
    if (mye_yaml_get(node, (const char *)event->data.scalar.value) != NULL)
        return mye_yaml_fail(&at, err, "the key '%.60s' is given twice",
                             (const char *)event->data.scalar.value);
    MYE_TRY(add_slot(r, node, err));
    node->child[node->n - 1].line = at.line;
    node->child[node->n - 1].column = at.column;
    return copy_scalar(r, event, &node->key[node->n - 1], err);
}

/* Items up to the end event; in a mapping each is a key's event followed by the value's. */
static mye_status read_children(reader *r, int depth, mye_yaml *node, mye_error *err)
{
    for (;;) {
        yaml_event_t event;
        MYE_TRY(next_event(r, &event, err));
        const bool is_end =
            event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
        if (is_end) {
            yaml_event_delete(&event);
            return MYE_OK;
        }
        mye_status status;
        if (node->type == MYE_YAML_MAPPING) {
            status = read_key(r, &event, node, err);
            yaml_event_delete(&event);
            MYE_TRY(status);
            MYE_TRY(next_event(r, &event, err));
        } else {
            status = add_slot(r, node, err);
        }
        if (status == MYE_OK)
            status = read_node(r, &event, depth + 1, &node->child[node->n - 1], err);
        yaml_event_delete(&event);
        MYE_TRY(status);
    }
}

/* A value of a mapping already has the position of its key. */
static mye_status read_node(reader *r, const yaml_event_t *event, int depth, mye_yaml *out,
                            mye_error *err)
{
    const mye_yaml at = position(r, event);
    out->source = r->source;
    if (out->line == 0) {
        out->line = at.line;
        out->column = at.column;
    }
    if (depth > MAX_DEPTH)
        return mye_yaml_fail(&at, err, "more than %d levels are not supported", MAX_DEPTH);
    if (++r->n_nodes > MAX_NODES)
        return mye_yaml_fail(&at, err, "more than %d values are not supported", MAX_NODES);
    if (event->type == YAML_SCALAR_EVENT) {
        out->type = MYE_YAML_SCALAR;
        return copy_scalar(r, event, &out->text, err);
    }
    out->type = event->type == YAML_SEQUENCE_START_EVENT ? MYE_YAML_SEQUENCE : MYE_YAML_MAPPING;
    return read_children(r, depth, out, err);
}

static mye_status skip_event(reader *r, mye_error *err)
{
    yaml_event_t event;
    MYE_TRY(next_event(r, &event, err));
    yaml_event_delete(&event);
    return MYE_OK;
}

/* stream start, (document start, node, document end), stream end */
static mye_status read_stream(reader *r, mye_yaml *root, mye_error *err)
{
    yaml_event_t event;
    MYE_TRY(skip_event(r, err));
    MYE_TRY(next_event(r, &event, err));
    const bool is_empty = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
    if (is_empty) { /* nothing set: every default */
        root->type = MYE_YAML_MAPPING;
        root->line = root->column = 1;
        return MYE_OK;
    }
    MYE_TRY(next_event(r, &event, err));
    const mye_status status = read_node(r, &event, 1, root, err);
    yaml_event_delete(&event);
    MYE_TRY(status);
    MYE_TRY(skip_event(r, err));
    MYE_TRY(next_event(r, &event, err));
    const bool is_end = event.type == YAML_STREAM_END_EVENT;
    const mye_yaml at = position(r, &event);
    yaml_event_delete(&event);
    return is_end ? MYE_OK : mye_yaml_fail(&at, err, "more than one document is not supported");
}

mye_status mye_yaml_parse(mye_context *ctx, const char *source, const char *text, size_t bytes,
                          mye_yaml **out, mye_error *err)
{
    *out = NULL;
    if (bytes > MAX_BYTES)
        return mye_fail(err, MYE_ERR_FORMAT, "'%.150s' has %zu bytes, more than the %zu allowed",
                        source, bytes, MAX_BYTES);
    mye_yaml *root = mye_alloc(ctx, sizeof *root);
    if (root == NULL)
        return mye_no_memory(err, sizeof *root, source);
    root->source = mye_strdup(ctx, source);
    reader r = {.ctx = ctx, .source = root->source};
    if (root->source == NULL || !yaml_parser_initialize(&r.parser)) {
        mye_yaml_free(ctx, root);
        return mye_no_memory(err, MAX_BYTES, source);
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, bytes);
    const mye_status status = read_stream(&r, root, err);
    yaml_parser_delete(&r.parser);
    if (status != MYE_OK)
        mye_yaml_free(ctx, root);
    else
        *out = root;
    return status;
}

mye_status mye_yaml_read(mye_context *ctx, const char *path, mye_yaml **out, mye_error *err)
{
    void *data;
    size_t bytes;
    *out = NULL;
    MYE_TRY(mye_file_read(ctx, path, MAX_BYTES, &data, &bytes, err));
    const mye_status status = mye_yaml_parse(ctx, path, data, bytes, out, err);
    mye_free(ctx, data);
    return status;
}

/* mye_free takes what mye_strdup made; the tree shows it as const to its readers. */
static void free_text(mye_context *ctx, const char *text)
{
    mye_free(ctx, (void *)(uintptr_t)text);
}

static void free_children(mye_context *ctx, mye_yaml *node)
{
    for (int i = 0; i < node->n; i++) {
        free_children(ctx, &node->child[i]);
        if (node->key != NULL)
            free_text(ctx, node->key[i]);
    }
    mye_free(ctx, node->child);
    mye_free(ctx, node->key);
    free_text(ctx, node->text);
}

void mye_yaml_free(mye_context *ctx, mye_yaml *root)
{
    if (root == NULL)
        return;
    free_children(ctx, root);
    free_text(ctx, root->source); /* every node's, owned by the root */
    mye_free(ctx, root);
}

const mye_yaml *mye_yaml_get(const mye_yaml *mapping, const char *key)
{
    if (mapping->type != MYE_YAML_MAPPING)
        return NULL;
    for (int i = 0; i < mapping->n; i++)
        if (strcmp(mapping->key[i], key) == 0)
            return &mapping->child[i];
    return NULL;
}
