t synapse
t synapse --help
t synapse make --help
t help synapse make
t help synapse show
t --help synapse show
