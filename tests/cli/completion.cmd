source <(myelin completion bash)
complete_at() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _myelin; echo "${COMPREPLY[@]}"; }
complete_at myelin pl
complete_at myelin train --time bp
complete_at myelin train --ep
complete_at myelin plan --comp
complete_at myelin data ''
complete_at myelin list ti
complete_at myelin syn
complete_at myelin synapse ''
complete_at myelin synapse m
complete_at myelin synapse make po
complete_at myelin synapse make poisson --o
complete_at myelin synapse make poisson --split ''
complete_at myelin synapse --json show --pat
complete_at myelin synapse --q
complete_at myelin synapse cl
complete_at myelin synapse classify --rea
complete_at myelin synapse classify --readout v
complete_at myelin synapse capacity --l
complete_at myelin synapse read --e
