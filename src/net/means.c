#include "net/means.h"

#include "neuron/neuron.h"

#include <stdio.h>
#include <string.h>

static bool on_means(const mye_node *n)
{
    return n->neuron != NULL && n->neuron->mean_backward != NULL;
}

static bool neuron_fits(const mye_entry *entry)
{
    return ((const mye_neuron_type *)entry)->mean_backward != NULL;
}

static bool rule_fits(const mye_entry *entry)
{
    return ((const mye_time_rule *)entry)->on_means;
}

/* "dsr_if, dsr_lif": what of a kind is learned on means. */
static const char *list_fitting(const mye_kind *kind, bool (*fits)(const mye_entry *entry),
                                char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (const mye_entry *const *e = kind->entries; *e != NULL && used < size; e++)
        if (fits(*e))
            used +=
                (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", (*e)->name);
    return out;
}

static mye_status check_neuron(const mye_time_rule *rule, const mye_run_options *o,
                               const mye_node *n, mye_error *err)
{
    const char *name = n->neuron->entry.name;
    char fitting[120];
    if (rule->on_means && !on_means(n))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' learns on means over the steps and wants neurons that do "
                        "(%s), got neuron '%s' (%s)",
                        rule->entry.name,
                        list_fitting(&mye_kind_neuron, neuron_fits, fitting, sizeof fitting),
                        n->name, name);
    if (!on_means(n))
        return MYE_OK;
    if (!rule->on_means)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "neuron '%s' (%s) learns on means over the steps and wants a time rule "
                        "that does (%s), got '%s'",
                        n->name, name,
                        list_fitting(&mye_kind_time, rule_fits, fitting, sizeof fitting),
                        rule->entry.name);
    if (o->smooth)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "a gradient check puts a smooth function in place of spikes, and neuron "
                        "'%s' (%s) has none",
                        n->name, name);
    if (o->rate_strength > 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "a firing-rate term (rate_strength) wants neurons that send 0 or 1, got "
                        "neuron '%s' (%s), which sends its threshold",
                        n->name, name);
    return MYE_OK;
}

mye_status mye_means_check(const mye_time_rule *rule, const mye_run_options *o,
                           const mye_model *model, mye_error *err)
{
    for (int i = 0; i < model->n_nodes; i++)
        if (model->node[i]->neuron != NULL)
            MYE_TRY(check_neuron(rule, o, model->node[i], err));
    return MYE_OK;
}

mye_status mye_means_readout(const mye_graph *graph, char *out, size_t size, mye_error *err)
{
    out[0] = '\0';
    for (int i = graph->n - 1; i > 0; i--) {
        char text[MYE_METHOD_MAX + sizeof graph->node[i].op], number[32];
        const mye_kind *kind;
        mye_method method;
        MYE_TRY(mye_graph_method(graph, i, &kind, text, sizeof text, err));
        if (kind != &mye_kind_neuron)
            continue;
        MYE_TRY(mye_method_parse(graph->ctx, kind, text, &method, err));
        const mye_neuron_type *type = (const mye_neuron_type *)method.entry;
        const double decay = type->mean_decay != NULL ? type->mean_decay(method.options) : 1.0;
        mye_method_free(graph->ctx, &method);
        if (decay < 1.0)
            snprintf(out, size, "mode=exp,decay=%s",
                     mye_format_double(decay, number, sizeof number));
        return MYE_OK;
    }
    return MYE_OK;
}
