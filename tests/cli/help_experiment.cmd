t synapse capacity --help
t help synapse causality
t synapse classify --help
t synapse features --help
t synapse robustness --help
t synapse read --help
