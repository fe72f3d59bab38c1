/*
 * Any file is either a network, small ones of which become a model, or an error that names it.
 */
#include <stdlib.h>
#include <string.h>

#include "net/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Blocks above 16 MiB are refused, so that enormous layers cost nothing. */
static void *allocate(void *user, size_t bytes)
{
    MYE_UNUSED(user);
    return bytes > 1 << 24 ? NULL : aligned_alloc(64, (bytes + 64) / 64 * 64);
}

static void release(void *user, void *block)
{
    MYE_UNUSED(user);
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const mye_allocator hooks = {allocate, release, NULL};
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    mye_context *ctx = NULL;
    mye_graph *graph = NULL;
    mye_model *model = NULL;
    mye_error err = {MYE_OK, "", ""};
    options.threads = 1;
    options.allocator = &hooks;
    if (mye_context_create(&options, &ctx, NULL) != MYE_OK ||
        mye_graph_create(ctx, 3, 8, 8, NULL, &graph, NULL) != MYE_OK)
        abort();
    if (mye_net_yaml_parse(graph, "net.yaml", (const char *)data, size, &err) != MYE_OK) {
        if (err.code != MYE_ERR_NOMEM && !strstr(err.message, "net.yaml"))
            abort();
        mye_graph_free(graph);
    } else if (graph->n > 64) {
        mye_graph_free(graph);
    } else if (mye_model_from_graph(graph, true, 1, &model, &err) != MYE_OK && !err.message[0]) {
        abort();
    }
    mye_model_free(model);
    mye_context_free(ctx);
    return 0;
}
