t synapse mkae
t synapse frobnicate
t synapse --out a.npz make
t synapse --jsn make
t --seed 3 synapse make
t synapse make
t synapse make poisson
t synapse make poisson --patern 3 --out a.npz
t synapse make poisson extra --out a.npz
t synapse make posson --out a.npz
t synapse make poisson --out a.txt
t synapse make poisson --out a.npz --noise jiter
t synapse make poisson --out a.npz --split all
t synapse make file --out a.npz
t synapse show none.npz
t synapse show a.npz --split test
t synapse show a.npz --seed 2
t synapse show file:path=none.npz
t synapse show single:patterns=3 --pattern 3
echo text >text.npy
t synapse show text.npy
t help synapse mkae
t help train extra
