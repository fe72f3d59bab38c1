/*
 * Networks in YAML, written: one line for every node, all names spelt out, so that reading it
 * gives the same graph. What a depth rule has added for training is left out.
 */
#include <ctype.h>
#include <string.h>

#include "net/graph.h"

/* Quoted unless it cannot be mistaken for anything. */
static void write_scalar(mye_text *out, const char *text, size_t n)
{
    bool plain = n > 0 && isalnum((unsigned char)text[0]);
    for (size_t i = 0; i < n; i++)
        plain = plain && (isalnum((unsigned char)text[i]) || strchr("._-/", text[i]));
    if (plain) {
        mye_text_add_bytes(out, text, n);
        return;
    }
    mye_text_add_bytes(out, "'", 1);
    for (size_t i = 0; i < n; i++)
        mye_text_add_bytes(out, text[i] == '\'' ? "''" : text + i, text[i] == '\'' ? 2 : 1);
    mye_text_add_bytes(out, "'", 1);
}

/* Length of the value at p: up to a comma outside parentheses. */
static size_t value_length(const char *p)
{
    int open = 0;
    size_t n = 0;
    for (; p[n] && (open > 0 || p[n] != ','); n++)
        open += (p[n] == '(') - (p[n] == ')');
    return n;
}

/* One pair of parentheses around all of it protects a value inside option text only. */
static bool is_wrapped(const char *p, size_t n)
{
    int open = 0;
    for (size_t i = 0; i < n; i++) {
        open += (p[i] == '(') - (p[i] == ')');
        if (open == 0)
            return n >= 2 && i == n - 1;
    }
    return false;
}

/* "kernel=3,surrogate=(atan:alpha=2)" becomes ", kernel: 3, surrogate: 'atan:alpha=2'". */
static void write_options(mye_text *out, const char *p)
{
    while (*p) {
        const size_t key = strcspn(p, "=");
        mye_text_add(out, ", %.*s: ", (int)key, p);
        p += key + (p[key] == '=');
        const size_t n = value_length(p);
        const size_t wrap = is_wrapped(p, n) ? 1 : 0;
        write_scalar(out, p + wrap, n - 2 * wrap);
        p += n + (p[n] == ',');
    }
}

/* The node of the network whose value is read as node i's: an auxiliary one in the way repeats it. */
static int read_from(const mye_graph *graph, int i)
{
    while (graph->node[i].auxiliary)
        i = graph->node[i].in[0];
    return i;
}

static void write_inputs(mye_text *out, const mye_graph *graph, const mye_graph_node *node)
{
    mye_text_add(out, ", in: [");
    for (int k = 0; k < node->n_in; k++) {
        const char *name = graph->node[read_from(graph, node->in[k])].name;
        mye_text_add(out, "%s", k ? ", " : "");
        write_scalar(out, name, strlen(name));
    }
    mye_text_add(out, "]");
}

mye_status mye_net_yaml_write(const mye_graph *graph, mye_text *out)
{
    if (graph->flat)
        mye_text_add(out, "input: %d\nneuron: ", graph->C);
    else
        mye_text_add(out, "input: %dx%dx%d\nneuron: ", graph->C, graph->H, graph->W);
    write_scalar(out, graph->neuron, strlen(graph->neuron));
    mye_text_add(out, "\nnodes:\n");
    int before = 0; /* the node written last */
    for (int i = 1; i < graph->n; i++) {
        const mye_graph_node *node = &graph->node[i];
        if (node->auxiliary)
            continue;
        mye_text_add(out, "  - {name: ");
        write_scalar(out, node->name, strlen(node->name));
        mye_text_add(out, ", op: %s", node->op);
        write_options(out, node->options);
        if (node->n_in != 1 || read_from(graph, node->in[0]) != before)
            write_inputs(out, graph, node);
        mye_text_add(out, "}\n");
        before = i;
    }
    return out->failed ? MYE_ERR_NOMEM : MYE_OK;
}
