/*
 * Any text is either a network, which as YAML reads back the same, or an error of one line.
 */
#include <stdlib.h>
#include <string.h>

#include "net/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(mye_context *ctx, const mye_graph *graph)
{
    mye_graph *again = NULL;
    mye_text text = {ctx, NULL, 0, 0, false};
    if (mye_net_yaml_write(graph, &text) != MYE_OK ||
        mye_graph_create(ctx, graph->C, graph->H, graph->W, NULL, &again, NULL) != MYE_OK)
        abort();
    if (mye_net_yaml_parse(again, "again", text.data, text.length, NULL) != MYE_OK ||
        again->n != graph->n)
        abort();
    for (int i = 0; i < graph->n; i++)
        if (strcmp(graph->node[i].options, again->node[i].options) != 0)
            abort();
    mye_text_free(&text);
    mye_graph_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    mye_context *ctx = NULL;
    mye_graph *graph = NULL;
    mye_error err = {MYE_OK, "", ""};
    char text[4096];
    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    options.threads = 1;
    if (mye_context_create(&options, &ctx, NULL) != MYE_OK ||
        mye_graph_create(ctx, 3, 32, 32, NULL, &graph, NULL) != MYE_OK)
        abort();
    const mye_status st = mye_notation_read(graph, text, &err);
    if (st == MYE_OK && graph->n <= 400) /* YAML of more values than 10000 is refused */
        check_round_trip(ctx, graph);
    else if (st != MYE_OK && (!err.message[0] || strchr(err.message, '\n')))
        abort();
    mye_graph_free(graph);
    mye_context_free(ctx);
    return 0;
}
