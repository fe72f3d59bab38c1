# What PyTorch exported: six images with labels, here for training and test alike.
for split in train test; do
    cp "$DATA/../../onnx/vgg.input.npy" x_$split.npy
    { printf '\223NUMPY\001\000\166\000'; printf '%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': (6,), }"; printf '\0\1\2\3\4\0'; } >y_$split.npy
done
t convert "$DATA/../../onnx/vgg.onnx" --data npy:layout=nchw --data-dir . --method max,exact --steps 1,4 --verify --threads 1 --out conv | sed -E 's/differ by [^ ]+ of/differ by LITTLE of/'
# ten outputs, five classes
t eval conv/exact.safetensors --data-dir . -q
t convert "$DATA/../../onnx/mlp.onnx" --data npy:layout=nchw --data-dir .
t convert "$DATA/../../onnx/vgg.onnx"
head -c 3000 "$DATA/../../onnx/mlp.onnx" >cut.onnx
t convert cut.onnx --data npy --data-dir .
: >empty.onnx
t convert empty.onnx --data npy --data-dir .
mkdir folder.onnx
t convert folder.onnx --data npy --data-dir .
